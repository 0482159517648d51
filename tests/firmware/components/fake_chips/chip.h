#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "recorded_signal.h"

namespace esphome::fake_chips {

/// Decides when a chip takes its samples. A chip's oscillator is its own: its rate differs from the nominal one.
class Oscillator {
 public:
  /// Take samples at a nominal rate in Hz from now on; 0 stops. The true rate is in FAKE_RATE_ERROR percent above it.
  void run_at(double nominal_rate, double utc);

  double rate() const { return this->rate_; }

  /// Return whether the next sample is due at `utc`.
  bool due(double utc) const { return this->rate_ > 0.0 && this->next_time() <= utc; }

  /// Return the time of day of the next sample.
  double next_time() const { return this->start_ + static_cast<double>(this->taken_ + 1) / this->rate_; }

  void count_sample() { this->taken_++; }

 protected:
  double rate_{0.0};
  double start_{0.0};
  uint64_t taken_{0};
};

/// What a chip counted, for the test that asks.
struct ChipCounts {
  uint64_t measured{0};
  /// Words or bytes of the FIFO that newer ones replaced before they were read.
  uint64_t overwritten{0};
};

/// A chip on the I2C bus, described by its registers.
class Chip {
 public:
  virtual ~Chip() = default;

  /// Return to the state after power-up.
  virtual void power_up(double utc) = 0;

  /// Take the samples that are due. Called before each transfer, so nothing changes within one.
  virtual void advance(double utc) = 0;

  virtual void write_register(uint8_t reg, uint8_t value, double utc) = 0;

  virtual uint8_t read_register(uint8_t reg, double utc) = 0;

  /// Return the register that follows `reg` in a transfer of several bytes.
  virtual uint8_t next_register(uint8_t reg) const = 0;

  /// Return s after power-up until the chip acknowledges its address.
  virtual double boot_time() const = 0;

  const ChipCounts &counts() const { return this->counts_; }

  /// What the data sheet advises against, and how often the driver did it.
  const std::map<std::string, uint32_t> &complaints() const { return this->complaints_; }

 protected:
  void complain_(const std::string &text) { this->complaints_[text]++; }

  /// Return acceleration along an axis (0 to 2) as a 16-bit count that stops at the end of the range.
  int16_t count_of_(size_t axis, double utc, double counts_per_g) const;

  RecordedSignal signal_{{0.0f, 1.0f, 0.0f}};
  ChipCounts counts_;
  std::map<std::string, uint32_t> complaints_;
};

}  // namespace esphome::fake_chips
