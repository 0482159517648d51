#pragma once

#include "esphome/core/defines.h"
#ifdef USE_LIMBER_ADC

#include "input.h"
#include "esphome/components/voltage_sampler/voltage_sampler.h"
#include "esphome/core/helpers.h"

namespace esphome::limber {

/// EMG from an amplifier at an analogue input.
///
/// Time is cut into slots of one sample period. All conversions within a slot are averaged: with several of them, the
/// average is the anti-alias filter (first zero at the sample rate). A slot without a conversion is a lost sample.
class AdcInput final : public Input {
 public:
  explicit AdcInput(voltage_sampler::VoltageSampler *sampler) : sampler_(sampler) {}
  void set_rate(float rate_hz) { this->rate_hz_ = rate_hz; }
  /// Amplification between the skin and the analogue input.
  void set_gain(float gain) { this->gain_ = gain; }
  /// Voltage at the analogue input when the muscle rests, in V.
  void set_offset(float offset_v) { this->offset_v_ = offset_v; }

  void dump_config() override;
  Quantity quantity() const override { return Quantity::EMG; }
  float rate_hz() const override { return this->rate_hz_; }
  void start(int64_t now_us) override;
  void loop(int64_t now_us) override;
  void stop() override;

 protected:
  void close_slot_();
  double period_us_() const { return 1e6 / this->rate_hz_; }

  voltage_sampler::VoltageSampler *sampler_;
  float rate_hz_{250};
  float gain_{200};
  float offset_v_{1.65f};
  HighFrequencyLoopRequester high_frequency_;
  bool was_stopped_{false};
  bool has_measured_{false};
  double slot_us_{0};  // start of the slot that is being averaged
  float sum_v_{0};
  uint32_t conversions_{0};
};

}  // namespace esphome::limber
#endif
