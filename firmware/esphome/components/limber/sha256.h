#pragma once

// SHA-256 (FIPS 180-4) and HMAC (RFC 2104), without dependencies: core's hmac_sha256 does not exist on nRF52, and one
// implementation for all boards is the one that the tests on the computer have checked.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace esphome::limber {

class Sha256 {
 public:
  static constexpr size_t BLOCK_BYTES = 64;
  static constexpr size_t DIGEST_BYTES = 32;
  using Digest = std::array<uint8_t, DIGEST_BYTES>;

  void add(const uint8_t *data, size_t length) {
    this->message_bytes_ += length;
    while (length > 0) {
      const size_t room = BLOCK_BYTES - this->block_bytes_;
      const size_t taken = length < room ? length : room;
      std::memcpy(this->block_.data() + this->block_bytes_, data, taken);
      this->block_bytes_ += taken;
      data += taken;
      length -= taken;
      if (this->block_bytes_ == BLOCK_BYTES) {
        this->process_block_();
        this->block_bytes_ = 0;
      }
    }
  }

  /// Add the padding and return the digest. The object must not be used afterwards.
  Digest finish() {
    const uint64_t message_bits = this->message_bytes_ * 8;
    const uint8_t end_mark = 0x80;
    this->add(&end_mark, 1);
    const uint8_t zero = 0;
    while (this->block_bytes_ != BLOCK_BYTES - sizeof(message_bits)) {
      this->add(&zero, 1);
    }
    uint8_t length[sizeof(message_bits)];
    for (size_t i = 0; i < sizeof(length); i++) {
      length[i] = static_cast<uint8_t>(message_bits >> (8 * (sizeof(length) - 1 - i)));
    }
    this->add(length, sizeof(length));
    Digest digest;
    for (size_t i = 0; i < DIGEST_BYTES; i++) {
      digest[i] = static_cast<uint8_t>(this->state_[i / 4] >> (8 * (3 - i % 4)));
    }
    return digest;
  }

 protected:
  static constexpr uint32_t ROUND_CONSTANTS[64] = {
      0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
      0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
      0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
      0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
      0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
      0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
      0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
      0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
  };

  static uint32_t rotate_right(uint32_t word, int bits) { return (word >> bits) | (word << (32 - bits)); }

  void process_block_() {
    uint32_t schedule[64];
    for (size_t i = 0; i < 16; i++) {
      const uint8_t *bytes = this->block_.data() + i * 4;
      schedule[i] = static_cast<uint32_t>(bytes[0]) << 24 | static_cast<uint32_t>(bytes[1]) << 16 |
                    static_cast<uint32_t>(bytes[2]) << 8 | bytes[3];
    }
    for (size_t i = 16; i < 64; i++) {
      const uint32_t early = schedule[i - 15];
      const uint32_t late = schedule[i - 2];
      const uint32_t sigma0 = rotate_right(early, 7) ^ rotate_right(early, 18) ^ (early >> 3);
      const uint32_t sigma1 = rotate_right(late, 17) ^ rotate_right(late, 19) ^ (late >> 10);
      schedule[i] = schedule[i - 16] + sigma0 + schedule[i - 7] + sigma1;
    }
    // The working variables a to h of the standard, in this order.
    uint32_t work[8];
    std::memcpy(work, this->state_.data(), sizeof(work));
    for (size_t i = 0; i < 64; i++) {
      const uint32_t sum1 = rotate_right(work[4], 6) ^ rotate_right(work[4], 11) ^ rotate_right(work[4], 25);
      const uint32_t choice = (work[4] & work[5]) ^ (~work[4] & work[6]);
      const uint32_t first = work[7] + sum1 + choice + ROUND_CONSTANTS[i] + schedule[i];
      const uint32_t sum0 = rotate_right(work[0], 2) ^ rotate_right(work[0], 13) ^ rotate_right(work[0], 22);
      const uint32_t majority = (work[0] & work[1]) ^ (work[0] & work[2]) ^ (work[1] & work[2]);
      const uint32_t second = sum0 + majority;
      std::memmove(work + 1, work, 7 * sizeof(work[0]));
      work[4] += first;
      work[0] = first + second;
    }
    for (size_t i = 0; i < 8; i++) {
      this->state_[i] += work[i];
    }
  }

  std::array<uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<uint8_t, BLOCK_BYTES> block_{};
  uint64_t message_bytes_{0};
  size_t block_bytes_{0};
};

/// HMAC-SHA-256 with a fixed key: the two padded key blocks are hashed once, not for each message.
class HmacSha256 {
 public:
  void set_key(const uint8_t *key, size_t length) {
    std::array<uint8_t, Sha256::BLOCK_BYTES> block{};
    if (length > block.size()) {
      Sha256 hash;
      hash.add(key, length);
      const Sha256::Digest digest = hash.finish();
      std::memcpy(block.data(), digest.data(), digest.size());
    } else {
      std::memcpy(block.data(), key, length);
    }
    this->inner_ = hash_padded_key(block, 0x36);
    this->outer_ = hash_padded_key(block, 0x5c);
  }

  /// Return the code of a message in two parts.
  Sha256::Digest sign(const uint8_t *first, size_t first_length, const uint8_t *second, size_t second_length) const {
    Sha256 inner = this->inner_;
    inner.add(first, first_length);
    inner.add(second, second_length);
    const Sha256::Digest inner_digest = inner.finish();
    Sha256 outer = this->outer_;
    outer.add(inner_digest.data(), inner_digest.size());
    return outer.finish();
  }

 protected:
  static Sha256 hash_padded_key(std::array<uint8_t, Sha256::BLOCK_BYTES> block, uint8_t pad) {
    for (auto &byte : block) {
      byte ^= pad;
    }
    Sha256 hash;
    hash.add(block.data(), block.size());
    return hash;
  }

  Sha256 inner_;
  Sha256 outer_;
};

}  // namespace esphome::limber
