#pragma once

// Decides what is sent next: clock frames, the frames of the ring again after each reconnect, then live frames.

#include "frame.h"
#include "frame_ring.h"

#include <cstddef>
#include <cstdint>

namespace esphome::limber {

/// A link to the bridge. Nothing here blocks.
class FrameLink {
 public:
  virtual ~FrameLink() = default;
  virtual void setup() = 0;
  virtual void loop() = 0;
  virtual void dump_config() = 0;
  /// Whether frames can be given to send_frame().
  virtual bool is_connected() const = 0;
  /// Number of the connection; a new one after each (re)connect.
  virtual uint32_t connection() const = 0;
  /// Whether the frames of the ring are sent again after a reconnect; not over UDP, which has no connections.
  virtual bool resends() const = 0;
  /// Longest frame.
  virtual size_t max_frame_bytes() const { return MAX_FRAME_BYTES; }
  /// Send one frame, or return false: try it again later.
  virtual bool send_frame(const uint8_t *frame, size_t bytes) = 0;
};

class FrameSender {
 public:
  static constexpr uint32_t CLOCK_FRAME_INTERVAL_US = 60000000;
  /// Without samples (a silent chip, measuring switched off) clock frames keep the connection: the bridge closes one
  /// that is silent for 10 s.
  static constexpr uint32_t KEEP_ALIVE_US = 5000000;
  /// chosen: 200 frames a second, below the 250 that the bridge accepts, and no long turn of the loop.
  static constexpr uint32_t FRAME_SPACING_US = 5000;
  static constexpr uint32_t MAX_FRAMES_PER_TURN = 4;

  void loop(FrameLink &link, FrameRing &ring, const FrameBuilder &builder, uint32_t now_us, uint8_t battery) {
    if (!link.is_connected()) {
      this->is_first_ = true;
      return;
    }
    if (this->is_first_ || link.connection() != this->connection_) {
      this->is_first_ = false;
      this->connection_ = link.connection();
      this->clock_frame_due_ = true;
      if (link.resends())
        ring.rewind();
    }
    if (now_us - this->clock_frame_sent_us_ >= CLOCK_FRAME_INTERVAL_US || now_us - this->sent_us_ >= KEEP_ALIVE_US)
      this->clock_frame_due_ = true;
    for (uint32_t budget = this->budget_(now_us); budget > 0; budget--) {
      if (!this->send_next_(link, ring, builder, now_us, battery))
        return;
      this->sent_us_ = now_us;
    }
  }

 protected:
  uint32_t budget_(uint32_t now_us) const {
    const uint32_t budget = (now_us - this->sent_us_) / FRAME_SPACING_US;
    return budget < MAX_FRAMES_PER_TURN ? budget : MAX_FRAMES_PER_TURN;
  }

  /// Send one frame; return whether there was one and the link took it.
  bool send_next_(FrameLink &link, FrameRing &ring, const FrameBuilder &builder, uint32_t now_us, uint8_t battery) {
    if (this->clock_frame_due_) {
      uint8_t frame[HEADER_BYTES];
      builder.write_clock_frame(frame, now_us, battery);
      if (!link.send_frame(frame, sizeof(frame)))
        return false;
      this->clock_frame_due_ = false;
      this->clock_frame_sent_us_ = now_us;
      return true;
    }
    if (!ring.has_next() || !link.send_frame(ring.next_frame(), ring.next_bytes()))
      return false;
    ring.mark_sent();
    return true;
  }

  bool is_first_{true};
  bool clock_frame_due_{true};
  uint32_t connection_{0};
  uint32_t clock_frame_sent_us_{0};
  uint32_t sent_us_{0};
};

}  // namespace esphome::limber
