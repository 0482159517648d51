#pragma once

#include <cmath>
#include <cstdint>

#include "esphome/components/fake_chips/recorded_signal.h"
#include "esphome/components/sensor/sensor.h"
#include "esphome/components/voltage_sampler/voltage_sampler.h"
#include "esphome/core/component.h"

namespace esphome::fake_emg {

/// The raw output of an EMG amplifier of gain 200 at half of 3.3 V.
///
/// The muscle contracts where the recorded acceleration differs from its rest.
class FakeEmg : public sensor::Sensor, public Component, public voltage_sampler::VoltageSampler {
 public:
  float sample() override {
    const double utc = fake_chips::utc_now();
    const double movement = std::fabs(this->signal_.value(2, utc));
    const double microvolts = movement > MOVING_G ? CONTRACTED_UV : RELAXED_UV;
    return static_cast<float>(MIDDLE_V + GAIN * 1e-6 * microvolts * this->noise_());
  }

 protected:
  static constexpr double GAIN = 200.0;
  static constexpr double MIDDLE_V = 1.65;
  static constexpr double MOVING_G = 0.05;
  static constexpr double RELAXED_UV = 1.5;
  static constexpr double CONTRACTED_UV = 60.0;

  /// Return uniform noise of RMS 1 (a linear congruential generator: the same in each run).
  double noise_() {
    this->state_ = this->state_ * 1664525u + 1013904223u;
    return std::sqrt(12.0) * (static_cast<double>(this->state_) / 4294967296.0 - 0.5);
  }

  fake_chips::RecordedSignal signal_{{0.0f, 1.0f, 0.0f}};
  uint32_t state_{1};
};

}  // namespace esphome::fake_emg
