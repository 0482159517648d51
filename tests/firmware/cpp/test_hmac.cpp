// HMAC-SHA-256 against the test cases of RFC 4231, and SHA-256 over lengths around the block size.

#include "check.h"
#include "limber/sha256.h"

#include <string>

using namespace esphome::limber;

static std::string hex(const Sha256::Digest &digest) {
  std::string text;
  for (const uint8_t byte : digest) {
    char digits[3];
    std::snprintf(digits, sizeof(digits), "%02x", byte);
    text += digits;
  }
  return text;
}

static std::string sign(const std::string &key, const std::string &message, size_t split) {
  HmacSha256 hmac;
  hmac.set_key(reinterpret_cast<const uint8_t *>(key.data()), key.size());
  const uint8_t *bytes = reinterpret_cast<const uint8_t *>(message.data());
  return hex(hmac.sign(bytes, split, bytes + split, message.size() - split));
}

static std::string hash(const std::string &message) {
  Sha256 hash;
  hash.add(reinterpret_cast<const uint8_t *>(message.data()), message.size());
  return hex(hash.finish());
}

int main() {
  CHECK(hash("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(hash("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(hash(std::string(1000000, 'a')) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");

  CHECK(sign(std::string(20, '\x0b'), "Hi There", 3) ==
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  CHECK(sign("Jefe", "what do ya want for nothing?", 0) ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  // A key longer than one block is hashed first.
  CHECK(sign(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First", 24) ==
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");

  // The parts of a message do not change its code, wherever the cut is.
  const std::string message(200, 'x');
  for (size_t split = 0; split <= message.size(); split++) {
    CHECK(sign("a key of some length", message, split) == sign("a key of some length", message, 0));
  }
}
