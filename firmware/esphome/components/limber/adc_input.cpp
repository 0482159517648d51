#include "adc_input.h"
#ifdef USE_LIMBER_ADC

#include "esphome/core/hal.h"
#include "esphome/core/log.h"

#include <chrono>
#include <cmath>

namespace esphome::limber {

static const char *const TAG = "limber.adc";

static constexpr float COUNTS_PER_VOLT = 1e7f;  // 0.1 uV
/// chosen: enough for the average to weaken what lies above half the sample rate; 1 kHz for 250 Hz.
static constexpr uint32_t CONVERSIONS_PER_SAMPLE = 4;

void AdcInput::setup() {
  this->average_.init(this->rate_hz_);
  this->start_timer_();
}

uint32_t AdcInput::conversion_interval_us_() const {
  return static_cast<uint32_t>(1e6f / this->rate_hz_ / CONVERSIONS_PER_SAMPLE);
}

#ifdef USE_ESP32
void AdcInput::start_timer_() {
  esp_timer_create_args_t args{};
  args.callback = [](void *input) { static_cast<AdcInput *>(input)->convert_(); };
  args.arg = this;
  args.name = "limber_adc";
  args.skip_unhandled_events = true;
  if (esp_timer_create(&args, &this->timer_) != ESP_OK ||
      esp_timer_start_periodic(this->timer_, this->conversion_interval_us_()) != ESP_OK)
    ESP_LOGE(TAG, "Cannot start the timer for the conversions");
}
#else
void AdcInput::start_timer_() {
  this->thread_ = std::thread([this]() {
    auto next = std::chrono::steady_clock::now();
    while (true) {
      this->convert_();
      next += std::chrono::microseconds(this->conversion_interval_us_());
      std::this_thread::sleep_until(next);
    }
  });
  this->thread_.detach();
}
#endif

void AdcInput::convert_() {
  if (!this->is_measuring_)
    return;
  const uint32_t now_us = micros();
  this->queue_.push({this->sampler_->sample(), now_us});
}

void AdcInput::stop() {
  this->is_measuring_ = false;
  this->was_stopped_ = true;
}

void AdcInput::loop(int64_t now_us) {
  const uint32_t clock_us = micros();
  Conversion conversion;
  while (this->queue_.pop(conversion)) {
    if (!std::isfinite(conversion.volts))
      continue;
    // The conversions have a 32-bit time; their age places them on the unwrapped clock.
    const int64_t taken_us = now_us - static_cast<int32_t>(clock_us - conversion.taken_us);
    SlotAverage::Sample sample;
    if (this->average_.add(conversion.volts, taken_us, sample))
      this->deliver_(sample);
  }
}

void AdcInput::deliver_(const SlotAverage::Sample &sample) {
  if (this->was_stopped_) {
    this->sink_->pass_samples(sample.missing);
  } else {
    this->sink_->lose_samples(sample.missing);
  }
  this->was_stopped_ = this->was_stopped_ && sample.missing == 0;
  const int32_t count = std::lround((sample.value - this->offset_v_) / this->gain_ * COUNTS_PER_VOLT);
  this->sink_->add_sample(&count, sample.taken_us);
}

void AdcInput::dump_config() {
  ESP_LOGCONFIG(TAG,
                "  EMG at an analogue input:\n"
                "    Rate: %.0f Hz\n"
                "    Gain: %.1f\n"
                "    Offset: %.3f V",
                this->rate_hz_, this->gain_, this->offset_v_);
}

}  // namespace esphome::limber
#endif
