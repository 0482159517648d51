#pragma once

// Ring of the latest frames in RAM, without dependencies on ESPHome.

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace esphome::limber {

/// Keeps the latest frames, sent or not, and remembers which one is sent next.
///
/// Frames are counted with a u32 that never wraps in practice (2 frames a second: 68 years).
class FrameRing {
 public:
  /// Bytes of memory for `slots` frames of up to `frame_bytes` bytes.
  static constexpr size_t memory_bytes(size_t slots, size_t frame_bytes) { return slots * slot_bytes(frame_bytes); }

  /// Use `memory` (memory_bytes() bytes) from now on.
  void init(uint8_t *memory, size_t slots, size_t frame_bytes) {
    this->memory_ = memory;
    this->slots_ = static_cast<uint32_t>(slots);
    this->slot_bytes_ = slot_bytes(frame_bytes);
  }

  /// Store a frame of `samples` samples; return how many samples were overwritten that were never sent.
  uint32_t push(const uint8_t *frame, size_t bytes, uint8_t samples) {
    uint32_t lost = 0;
    if (this->end_ - this->begin_ == this->slots_) {
      lost = this->begin_ >= this->never_sent_ ? this->slot_(this->begin_)[SAMPLES_OFFSET] : 0;
      this->begin_++;
      this->next_ = latest(this->next_, this->begin_);
      this->never_sent_ = latest(this->never_sent_, this->begin_);
    }
    uint8_t *slot = this->slot_(this->end_);
    slot[0] = static_cast<uint8_t>(bytes);
    slot[1] = static_cast<uint8_t>(bytes >> 8);
    slot[SAMPLES_OFFSET] = samples;
    std::memcpy(slot + FRAME_OFFSET, frame, bytes);
    this->end_++;
    return lost;
  }

  /// Send every frame that is still here again, the oldest first.
  void rewind() { this->next_ = this->begin_; }

  bool has_next() const { return this->next_ != this->end_; }
  const uint8_t *next_frame() const { return this->slot_(this->next_) + FRAME_OFFSET; }
  size_t next_bytes() const {
    const uint8_t *slot = this->slot_(this->next_);
    return slot[0] | static_cast<size_t>(slot[1]) << 8;
  }
  void mark_sent() {
    this->next_++;
    this->never_sent_ = latest(this->never_sent_, this->next_);
  }

  /// Number of frames that wait for being sent for the first time.
  uint32_t unsent() const { return this->end_ - this->never_sent_; }
  /// The oldest of them; only if there is one.
  const uint8_t *first_unsent_frame() const { return this->slot_(this->never_sent_) + FRAME_OFFSET; }
  uint32_t size() const { return this->end_ - this->begin_; }
  uint32_t slots() const { return this->slots_; }

 protected:
  static constexpr size_t SAMPLES_OFFSET = 2;
  static constexpr size_t FRAME_OFFSET = 3;
  static constexpr size_t slot_bytes(size_t frame_bytes) { return frame_bytes + FRAME_OFFSET; }
  static uint32_t latest(uint32_t a, uint32_t b) { return a > b ? a : b; }

  uint8_t *slot_(uint32_t number) const { return this->memory_ + (number % this->slots_) * this->slot_bytes_; }

  uint8_t *memory_{nullptr};
  uint32_t slots_{0};
  size_t slot_bytes_{0};
  uint32_t begin_{0};       // oldest frame that is still here
  uint32_t next_{0};        // frame that is sent next
  uint32_t never_sent_{0};  // first frame that has never been sent
  uint32_t end_{0};         // one past the latest frame
};

}  // namespace esphome::limber
