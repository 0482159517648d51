#include "hx711_input.h"
#ifdef USE_LIMBER_HX711

#include "esphome/core/hal.h"
#include "esphome/core/helpers.h"
#include "esphome/core/log.h"

#include <cinttypes>
#include <cmath>

namespace esphome::limber {

static const char *const TAG = "limber.hx711";

static constexpr uint32_t DATA_BITS = 24;
static constexpr uint32_t SIGN_BIT = 1u << (DATA_BITS - 1);
static constexpr int32_t RAW_MAX = 0x7FFFFF;
static constexpr int32_t RAW_MIN = -0x800000;
static constexpr float GRAMS_PER_KG = 1000.0f;
/// Data sheet: 4 conversions after power-up before the output is settled, at 10 samples a second.
static constexpr int64_t SETTLING_US = 400000;

void Hx711Input::setup() {
  this->clk_pin_->setup();
  this->dout_pin_->setup();
  this->clk_pin_->digital_write(false);
  this->gaps_.init(this->rate_hz_);
}

void Hx711Input::start(int64_t now_us) {
  this->clk_pin_->digital_write(false);
  this->settled_us_ = now_us + SETTLING_US;
}

void Hx711Input::stop() {
  // PD_SCK high for more than 60 us powers the chip down.
  this->clk_pin_->digital_write(true);
  this->was_stopped_ = true;
}

void Hx711Input::loop(int64_t now_us) {
  // DOUT is high until a conversion is ready.
  if (this->dout_pin_->digital_read())
    return;
  const int32_t raw = this->read_raw_();
  if (now_us < this->settled_us_)
    return;
  // DOUT returns to high after the last pulse. If it stays low, no chip is connected: 0 is not a measurement.
  if (!this->dout_pin_->digital_read())
    return;
  const uint32_t missing = this->gaps_.missing_before(now_us);
  if (this->was_stopped_) {
    this->sink_->pass_samples(missing);
  } else {
    this->sink_->lose_samples(missing);
  }
  this->was_stopped_ = false;
  int32_t grams = std::lround((raw - this->zero_) / this->counts_per_kg_ * GRAMS_PER_KG);
  if (raw == RAW_MAX || raw == RAW_MIN)
    grams = full_scale_of(Quantity::LOAD);
  this->sink_->add_sample(&grams, now_us);
}

int32_t Hx711Input::read_raw_() {
  uint32_t data = 0;
  {
    // An interrupt of more than 60 us while PD_SCK is high would power the chip down.
#ifndef USE_HOST
    InterruptLock lock;
#endif
    for (uint32_t bit = 0; bit < DATA_BITS; bit++) {
      this->clk_pin_->digital_write(true);
      delayMicroseconds(1);
      data = data << 1 | (this->dout_pin_->digital_read() ? 1 : 0);
      this->clk_pin_->digital_write(false);
      delayMicroseconds(1);
    }
    // The 25th pulse selects channel A with a gain of 128 for the next conversion.
    this->clk_pin_->digital_write(true);
    delayMicroseconds(1);
    this->clk_pin_->digital_write(false);
    delayMicroseconds(1);
  }
  const int32_t raw = static_cast<int32_t>(data);
  return (data & SIGN_BIT) != 0 ? raw - (1 << DATA_BITS) : raw;
}

void Hx711Input::dump_config() {
  ESP_LOGCONFIG(TAG,
                "  Load cells at an HX711:\n"
                "    Rate: %.0f Hz\n"
                "    Zero: %" PRId32
                "\n"
                "    Counts per kg: %.1f",
                this->rate_hz_, this->zero_, this->counts_per_kg_);
  LOG_PIN("    DOUT pin: ", this->dout_pin_);
  LOG_PIN("    CLK pin: ", this->clk_pin_);
}

}  // namespace esphome::limber
#endif
