#include "fake_hx711.h"

#include <cstdio>

#include "esphome/components/fake_chips/recorded_signal.h"

namespace esphome::fake_hx711 {

static constexpr uint8_t DATA_BITS = 24;
static constexpr double DEFAULT_RATE = 10.0;
/// 75 kg at 21,500 counts per kg.
static constexpr double DEFAULT_COUNTS = 1612500.0;
/// s after the last bit in which no new conversion begins: the pulses that choose the gain come then. Chosen: on this
/// machine a pulse takes 0.1 ms instead of 2 us, so a conversion would often end among them.
static constexpr double GAIN_PULSES_TIME = 0.01;

static int64_t conversion_number(double utc) {
  return static_cast<int64_t>(utc * fake_chips::setting("FAKE_HX711_RATE", DEFAULT_RATE));
}

bool FakeHx711::is_ready_() {
  const double utc = fake_chips::utc_now();
  return utc > this->read_time_ + GAIN_PULSES_TIME && conversion_number(utc) != this->read_conversion_;
}

bool FakeHx711::data_out() {
  if (this->shifted_ > 0)
    return this->data_out_;
  return !this->is_ready_();
}

void FakeHx711::clock(bool high) {
  const bool rises = high && !this->clock_high_;
  this->clock_high_ = high;
  if (!rises)
    return;
  if (this->shifted_ == 0) {
    if (!this->is_ready_())
      return;
    const auto counts = static_cast<int32_t>(fake_chips::setting("FAKE_HX711_COUNTS", DEFAULT_COUNTS));
    this->shift_register_ = static_cast<uint32_t>(counts) & 0xFFFFFF;
  }
  if (this->shifted_ == DATA_BITS) {
    // The 25th pulse ends the reading.
    this->shifted_ = 0;
    this->read_time_ = fake_chips::utc_now();
    this->read_conversion_ = conversion_number(this->read_time_);
    return;
  }
  this->shifted_++;
  this->data_out_ = ((this->shift_register_ >> (DATA_BITS - this->shifted_)) & 1) != 0;
}

size_t FakePin::dump_summary(char *buffer, size_t len) const {
  return snprintf(buffer, len, "%s of the simulated HX711", this->is_clock_ ? "PD_SCK" : "DOUT");
}

}  // namespace esphome::fake_hx711
