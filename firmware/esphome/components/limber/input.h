#pragma once

#include "frame.h"

#include <cstdint>

namespace esphome::limber {

/// Where an input delivers its samples. Times are in us on the unwrapped device clock.
class SampleSink {
 public:
  virtual ~SampleSink() = default;
  /// The device clock now.
  virtual int64_t now_us() = 0;
  /// Add one sample; `counts` are in the unit of the quantity (see Quantity), one for each axis.
  virtual void add_sample(const int32_t *counts, int64_t taken_us) = 0;
  /// Samples that the input should have delivered and did not.
  virtual void lose_samples(uint32_t count) = 0;
  /// Samples that were not wanted, because measuring was switched off.
  virtual void pass_samples(uint32_t count) = 0;
};

/// A source of samples. It polls in loop() and never blocks.
class Input {
 public:
  virtual ~Input() = default;
  virtual void setup() {}
  virtual void dump_config() = 0;
  virtual Quantity quantity() const = 0;
  /// Nominal rate.
  virtual float rate_hz() const = 0;
  /// Measuring is switched on: this is called once at the start and after each stop().
  virtual void start(int64_t now_us) = 0;
  virtual void loop(int64_t now_us) {}
  virtual void stop() {}

  void set_sink(SampleSink *sink) { this->sink_ = sink; }

 protected:
  SampleSink *sink_{nullptr};
};

/// An accelerometer: scales to mg, or to 0.1 mg for a sensor at the bed, where movements are small.
class AccelerationInput : public Input {
 public:
  void set_fine(bool fine) { this->fine_ = fine; }
  Quantity quantity() const override { return this->fine_ ? Quantity::FINE_ACCELERATION : Quantity::ACCELERATION; }

 protected:
  float counts_per_g_() const { return this->fine_ ? 10000.0f : 1000.0f; }

  bool fine_{false};
};

}  // namespace esphome::limber
