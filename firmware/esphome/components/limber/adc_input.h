#pragma once

#include "esphome/core/defines.h"
#ifdef USE_LIMBER_ADC

#include "conversion_queue.h"
#include "input.h"
#include "slot_average.h"
#include "esphome/components/voltage_sampler/voltage_sampler.h"

#include <atomic>
#ifdef USE_ESP32
#include <esp_timer.h>
#else
#include <thread>
#endif

namespace esphome::limber {

/// EMG from an amplifier at an analogue input.
///
/// The loop of ESPHome turns 60 times a second and stalls for tens of ms: conversions are made by a timer beside it,
/// several for each sample, and averaged in the loop.
class AdcInput final : public Input {
 public:
  explicit AdcInput(voltage_sampler::VoltageSampler *sampler) : sampler_(sampler) {}
  void set_rate(float rate_hz) { this->rate_hz_ = rate_hz; }
  /// Amplification between the skin and the analogue input.
  void set_gain(float gain) { this->gain_ = gain; }
  /// Voltage at the analogue input when the muscle rests, in V.
  void set_offset(float offset_v) { this->offset_v_ = offset_v; }

  void setup() override;
  void dump_config() override;
  Quantity quantity() const override { return Quantity::EMG; }
  float rate_hz() const override { return this->rate_hz_; }
  void start(int64_t now_us) override { this->is_measuring_ = true; }
  void loop(int64_t now_us) override;
  void stop() override;

 protected:
  void start_timer_();
  void convert_();
  void deliver_(const SlotAverage::Sample &sample);
  uint32_t conversion_interval_us_() const;

  voltage_sampler::VoltageSampler *sampler_;
  float rate_hz_{250};
  float gain_{200};
  float offset_v_{1.65f};
  ConversionQueue queue_;
  SlotAverage average_;
  std::atomic<bool> is_measuring_{false};
  bool was_stopped_{false};
#ifdef USE_ESP32
  esp_timer_handle_t timer_{nullptr};
#else
  std::thread thread_;
#endif
};

}  // namespace esphome::limber
#endif
