#pragma once

// When samples were taken, on the device's clock; without dependencies on ESPHome.

#include <cstdint>

namespace esphome::limber {

/// Unwraps a 32-bit clock that is read at least once in 35 minutes.
class UnwrappedClock {
 public:
  int64_t unwrap(uint32_t now_us) {
    this->time_us_ += static_cast<int32_t>(now_us - static_cast<uint32_t>(this->time_us_));
    return this->time_us_;
  }

 protected:
  int64_t time_us_{0};
};

/// Places the samples of a chip with a FIFO and a clock of its own.
///
/// When the FIFO is read, its latest sample is between 0 and 1 sample period old. This bounds the time of each sample;
/// between the bounds, samples are a measured period apart. Times are in us on the unwrapped device clock.
class FifoClock {
 public:
  void init(float nominal_rate_hz) {
    this->nominal_period_us_ = 1e6 / nominal_rate_hz;
    this->period_us_ = this->nominal_period_us_;
  }

  /// Start with the first sample after now.
  void start(int64_t now_us) {
    this->next_us_ = now_us + this->period_us_ / 2;
    this->restart_measurement_(now_us);
  }

  /// The FIFO holds `available` samples now, of which the oldest `taken` are read. Return when the first was taken.
  int64_t take(int64_t now_us, uint32_t available, uint32_t taken) {
    const double now = now_us;
    double latest = this->next_us_ + (available - 1) * this->period_us_;
    if (latest > now)
      latest = now;
    if (latest < now - this->period_us_)
      latest = now - this->period_us_;
    const double first = latest - (available - 1) * this->period_us_;
    this->measure_period_(now, available);
    this->next_us_ = first + taken * this->period_us_;
    this->samples_ += taken;
    return static_cast<int64_t>(first);
  }

  /// Every sample up to now is lost. Return how many, and go on after them.
  uint32_t skip_to(int64_t now_us) {
    this->restart_measurement_(now_us);
    if (now_us < this->next_us_)
      return 0;
    const uint32_t lost = static_cast<uint32_t>((now_us - this->next_us_) / this->period_us_) + 1;
    this->next_us_ += lost * this->period_us_;
    return lost;
  }

  double period_us() const { return this->period_us_; }

 protected:
  /// chosen: after this time the count of samples, known to one sample, gives the period to 0.2 % at 50 Hz.
  static constexpr double FIRST_MEASUREMENT_US = 10e6;
  static constexpr double MEASUREMENT_US = 60e6;
  /// chosen: above the tolerance of the oscillators (some percent). More is a chip that is not set up as expected.
  static constexpr double MAX_DEVIATION = 0.2;

  void restart_measurement_(double now) {
    this->measured_from_us_ = now;
    this->samples_ = 0;
  }

  void measure_period_(double now, uint32_t available) {
    const double elapsed = now - this->measured_from_us_;
    if (elapsed < FIRST_MEASUREMENT_US)
      return;
    const double period = elapsed / (this->samples_ + static_cast<double>(available));
    const double deviation = period / this->nominal_period_us_ - 1;
    if (deviation > -MAX_DEVIATION && deviation < MAX_DEVIATION)
      this->period_us_ = period;
    if (elapsed >= MEASUREMENT_US) {
      this->measured_from_us_ = now;
      // The samples that are counted now but read later must not be counted again.
      this->samples_ = -static_cast<double>(available);
    }
  }

  double nominal_period_us_{0};
  double period_us_{0};
  double next_us_{0};
  double measured_from_us_{0};
  double samples_{0};
};

/// Counts missing samples in a stream that is polled, where each sample has a time of its own.
class PollGaps {
 public:
  void init(float rate_hz) { this->period_us_ = static_cast<int64_t>(1e6f / rate_hz); }

  /// Return how many samples are missing before the one taken now.
  uint32_t missing_before(int64_t taken_us) {
    const int64_t periods = (taken_us - this->last_us_ + this->period_us_ / 2) / this->period_us_;
    const bool is_first = this->is_first_;
    this->last_us_ = taken_us;
    this->is_first_ = false;
    return is_first || periods <= 1 ? 0 : static_cast<uint32_t>(periods - 1);
  }

 protected:
  int64_t period_us_{1};
  int64_t last_us_{0};
  bool is_first_{true};
};

}  // namespace esphome::limber
