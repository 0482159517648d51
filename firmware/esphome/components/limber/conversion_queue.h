#pragma once

// Hands conversions from a timer to the loop; without dependencies on ESPHome.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace esphome::limber {

struct Conversion {
  float volts;
  uint32_t taken_us;  // of micros()
};

/// A queue with one writer and one reader, in different threads. A full queue drops what is new.
class ConversionQueue {
 public:
  bool push(const Conversion &conversion) {
    const uint32_t written = this->written_.load(std::memory_order_relaxed);
    if (written - this->read_.load(std::memory_order_acquire) == SLOTS)
      return false;
    this->slots_[written % SLOTS] = conversion;
    this->written_.store(written + 1, std::memory_order_release);
    return true;
  }

  bool pop(Conversion &conversion) {
    const uint32_t read = this->read_.load(std::memory_order_relaxed);
    if (read == this->written_.load(std::memory_order_acquire))
      return false;
    conversion = this->slots_[read % SLOTS];
    this->read_.store(read + 1, std::memory_order_release);
    return true;
  }

 protected:
  /// chosen: half a second of conversions at 1 kHz, longer than the loop stalls; a power of 2, since the counters wrap.
  static constexpr uint32_t SLOTS = 512;

  std::array<Conversion, SLOTS> slots_{};
  std::atomic<uint32_t> written_{0};
  std::atomic<uint32_t> read_{0};
};

}  // namespace esphome::limber
