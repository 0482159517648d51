#include "adc_input.h"
#ifdef USE_LIMBER_ADC

#include "esphome/core/log.h"

#include <cmath>

namespace esphome::limber {

static const char *const TAG = "limber.adc";

static constexpr float COUNTS_PER_VOLT = 1e7f;  // 0.1 uV

void AdcInput::start(int64_t now_us) {
  // Without this the loop turns about 60 times a second.
  this->high_frequency_.start();
  if (!this->has_measured_)
    this->slot_us_ = now_us;
}

void AdcInput::stop() {
  this->high_frequency_.stop();
  this->was_stopped_ = true;
  this->sum_v_ = 0;
  this->conversions_ = 0;
}

void AdcInput::loop(int64_t now_us) {
  const double elapsed = now_us - this->slot_us_;
  if (elapsed >= this->period_us_()) {
    this->close_slot_();
    const uint32_t missed = static_cast<uint32_t>(elapsed / this->period_us_()) - 1;
    if (this->was_stopped_) {
      this->sink_->pass_samples(missed);
    } else {
      this->sink_->lose_samples(missed);
    }
    this->was_stopped_ = false;
    this->slot_us_ += (missed + 1) * this->period_us_();
  }
  const float volts = this->sampler_->sample();
  if (!std::isfinite(volts))
    return;
  this->sum_v_ += volts;
  this->conversions_++;
}

void AdcInput::close_slot_() {
  if (this->conversions_ == 0) {
    if (this->was_stopped_ || !this->has_measured_) {
      this->sink_->pass_samples(1);
    } else {
      this->sink_->lose_samples(1);
    }
    return;
  }
  const float mean_v = this->sum_v_ / this->conversions_;
  const int32_t count = std::lround((mean_v - this->offset_v_) / this->gain_ * COUNTS_PER_VOLT);
  // A sample is the average over its slot, so its time is the middle of the slot.
  this->sink_->add_sample(&count, static_cast<int64_t>(this->slot_us_ + this->period_us_() / 2));
  this->has_measured_ = true;
  this->sum_v_ = 0;
  this->conversions_ = 0;
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
