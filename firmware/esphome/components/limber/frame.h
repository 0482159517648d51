#pragma once

// Frames of a Limber sensor (docs/protocol.md section 1), without dependencies on ESPHome.

#include "sha256.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

namespace esphome::limber {

/// Quantity codes of the frame header.
enum class Quantity : uint8_t {
  ACCELERATION = 0,       // 3 x i16, mg
  EMG = 1,                // i16, 0.1 uV
  LOAD = 2,               // i32, g
  FINE_ACCELERATION = 3,  // 3 x i16, 0.1 mg
  CLOCK = 255,            // no samples
};

constexpr size_t axes_of(Quantity quantity) {
  return quantity == Quantity::ACCELERATION || quantity == Quantity::FINE_ACCELERATION ? 3 : 1;
}
constexpr size_t value_bytes_of(Quantity quantity) { return quantity == Quantity::LOAD ? 4 : 2; }
constexpr size_t sample_bytes_of(Quantity quantity) { return axes_of(quantity) * value_bytes_of(quantity); }

static constexpr size_t HEADER_BYTES = 32;
static constexpr size_t SIGNATURE_OFFSET = 24;
static constexpr size_t SIGNATURE_BYTES = 8;
static constexpr size_t MAX_SAMPLES_PER_FRAME = 255;  // the count is a u8
/// chosen: one Ethernet packet holds the frame, and so does the output buffer of the TCP link (1,024 bytes).
static constexpr size_t MAX_FRAME_BYTES = 1000;
static constexpr uint8_t BATTERY_UNKNOWN = 255;
static constexpr size_t MAX_AXES = 3;

/// Largest count of a quantity. The bridge reads a count of this magnitude as "end of the range".
constexpr int32_t full_scale_of(Quantity quantity) { return quantity == Quantity::LOAD ? INT32_MAX : INT16_MAX; }

inline void put_u16(uint8_t *out, uint16_t value) {
  out[0] = static_cast<uint8_t>(value);
  out[1] = static_cast<uint8_t>(value >> 8);
}

inline void put_u32(uint8_t *out, uint32_t value) {
  put_u16(out, static_cast<uint16_t>(value));
  put_u16(out + 2, static_cast<uint16_t>(value >> 16));
}

inline uint32_t get_u32(const uint8_t *in) {
  return in[0] | static_cast<uint32_t>(in[1]) << 8 | static_cast<uint32_t>(in[2]) << 16 |
         static_cast<uint32_t>(in[3]) << 24;
}

/// Return the device clock at the first sample of a frame, us.
inline uint32_t clock_of(const uint8_t *frame) { return get_u32(frame + 16); }

/// Return how many samples a frame gets: half a second of them, as many as fit into `max_frame_bytes`.
///
/// chosen: half a second adds little to the delay of an alarm (a series needs minutes) and keeps the radio off.
inline size_t samples_per_frame(Quantity quantity, float rate_hz, size_t max_frame_bytes) {
  const size_t fitting = (max_frame_bytes - HEADER_BYTES) / sample_bytes_of(quantity);
  size_t count = static_cast<size_t>(rate_hz / 2);
  if (count > fitting)
    count = fitting;
  if (count > MAX_SAMPLES_PER_FRAME)
    count = MAX_SAMPLES_PER_FRAME;
  return count > 0 ? count : 1;
}

/// What stays the same in all frames of one boot of a sensor.
struct FrameIdentity {
  uint32_t sensor_id;
  uint32_t boot_id;
  Quantity quantity;
  uint16_t rate_x10;  // nominal rate, Hz x 10
};

/// Collects samples into frames and numbers them.
class FrameBuilder {
 public:
  void init(const FrameIdentity &identity, size_t samples_per_frame, const std::string &key) {
    this->identity_ = identity;
    this->samples_per_frame_ = samples_per_frame;
    this->is_signed_ = !key.empty();
    this->hmac_.set_key(reinterpret_cast<const uint8_t *>(key.data()), key.size());
  }

  void set_next_sequence(uint32_t sequence) { this->next_sequence_ = sequence; }
  uint32_t next_sequence() const { return this->next_sequence_; }
  size_t samples_per_frame() const { return this->samples_per_frame_; }
  size_t max_frame_bytes() const {
    return HEADER_BYTES + this->samples_per_frame_ * sample_bytes_of(this->identity_.quantity);
  }
  bool is_empty() const { return this->count_ == 0; }
  bool is_full() const { return this->count_ == this->samples_per_frame_; }
  size_t count() const { return this->count_; }

  /// Add one sample of `axes_of(quantity)` counts, taken at `taken_us` on the device's clock.
  void add_sample(const int32_t *counts, uint32_t taken_us) {
    if (this->is_empty()) {
      this->write_header_(this->data_, this->identity_.quantity, taken_us);
    }
    uint8_t *out = this->data_ + this->size_();
    for (size_t axis = 0; axis < axes_of(this->identity_.quantity); axis++) {
      this->put_count_(out + axis * value_bytes_of(this->identity_.quantity), counts[axis]);
    }
    this->count_++;
    this->next_sequence_++;
  }

  /// Advance the number of the next sample past samples that are lost. The open frame must be closed before.
  void skip_samples(uint32_t count) { this->next_sequence_ += count; }

  /// Finish the open frame and begin with an empty one; `frame_data()` is valid until the next sample.
  size_t close_frame(uint8_t battery) {
    const size_t size = this->size_();
    this->data_[22] = static_cast<uint8_t>(this->count_);
    this->data_[23] = battery;
    this->sign_(this->data_, size);
    this->count_ = 0;
    return size;
  }
  const uint8_t *frame_data() const { return this->data_; }

  /// Write a clock frame (`HEADER_BYTES` bytes): number of the next sample, and the device's clock now.
  void write_clock_frame(uint8_t *out, uint32_t now_us, uint8_t battery) const {
    this->write_header_(out, Quantity::CLOCK, now_us);
    out[23] = battery;
    this->sign_(out, HEADER_BYTES);
  }

 protected:
  size_t size_() const { return HEADER_BYTES + this->count_ * sample_bytes_of(this->identity_.quantity); }

  void put_count_(uint8_t *out, int32_t count) const {
    const int32_t limit = full_scale_of(this->identity_.quantity);
    if (count > limit)
      count = limit;
    if (count < -limit)
      count = -limit;
    if (this->identity_.quantity == Quantity::LOAD) {
      put_u32(out, static_cast<uint32_t>(count));
    } else {
      put_u16(out, static_cast<uint16_t>(count));
    }
  }

  void write_header_(uint8_t *out, Quantity quantity, uint32_t clock_us) const {
    std::memset(out, 0, HEADER_BYTES);
    out[0] = 'L';
    out[1] = 'B';
    out[2] = 1;  // version
    out[3] = static_cast<uint8_t>(quantity);
    put_u32(out + 4, this->identity_.sensor_id);
    put_u32(out + 8, this->identity_.boot_id);
    put_u32(out + 12, this->next_sequence_);
    put_u32(out + 16, clock_us);
    put_u16(out + 20, this->identity_.rate_x10);
  }

  void sign_(uint8_t *frame, size_t size) const {
    if (!this->is_signed_)
      return;
    const Sha256::Digest digest = this->hmac_.sign(frame, SIGNATURE_OFFSET, frame + HEADER_BYTES, size - HEADER_BYTES);
    std::memcpy(frame + SIGNATURE_OFFSET, digest.data(), SIGNATURE_BYTES);
  }

  FrameIdentity identity_{};
  size_t samples_per_frame_{1};
  bool is_signed_{false};
  HmacSha256 hmac_;
  uint32_t next_sequence_{0};
  size_t count_{0};
  uint8_t data_[MAX_FRAME_BYTES]{};
};

}  // namespace esphome::limber
