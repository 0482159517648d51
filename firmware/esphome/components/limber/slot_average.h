#pragma once

// Averages conversions over sample periods; without dependencies on ESPHome.

#include <cstdint>

namespace esphome::limber {

/// Cuts time into slots of one sample period and averages the conversions within each.
///
/// With several conversions in a slot the average is the anti-alias filter: a boxcar, whose first zero is at the sample
/// rate and which passes 65 % at half of it. A slot without a conversion is a missing sample: nothing is made up.
class SlotAverage {
 public:
  struct Sample {
    float value;
    int64_t taken_us;  // middle of the slot
    uint32_t missing;  // slots without a conversion before it
  };

  void init(float rate_hz) { this->period_us_ = 1e6 / rate_hz; }

  /// Add a conversion; return whether it closes a slot that has a value, which is then in `sample`.
  bool add(float value, int64_t taken_us, Sample &sample) {
    if (!this->has_started_) {
      this->has_started_ = true;
      this->slot_us_ = taken_us;
    }
    const uint32_t slots =
        taken_us <= this->slot_us_ ? 0 : static_cast<uint32_t>((taken_us - this->slot_us_) / this->period_us_);
    const bool is_closed = slots > 0 && this->count_ > 0;
    if (is_closed) {
      sample.value = this->sum_ / this->count_;
      sample.taken_us = static_cast<int64_t>(this->slot_us_ + this->period_us_ / 2);
      sample.missing = this->missing_;
      this->missing_ = 0;
    }
    if (slots > 0) {
      this->missing_ += is_closed ? slots - 1 : slots;
      this->slot_us_ += slots * this->period_us_;
      this->sum_ = 0;
      this->count_ = 0;
    }
    this->sum_ += value;
    this->count_++;
    return is_closed;
  }

 protected:
  double period_us_{1};
  double slot_us_{0};  // start of the slot that is being averaged
  float sum_{0};
  uint32_t count_{0};
  uint32_t missing_{0};
  bool has_started_{false};
};

}  // namespace esphome::limber
