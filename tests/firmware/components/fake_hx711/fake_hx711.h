#pragma once

#include <cstdint>

#include "esphome/core/gpio.h"

namespace esphome::fake_hx711 {

/// A 24-bit converter that is read by clocking its bits out, as in Avia Semiconductor's data sheet of the HX711.
///
/// DOUT is high until a conversion is ready, then low. Each rising edge of PD_SCK shifts out a bit, the highest first, in
/// two's complement; the 25th sets DOUT high again. 25, 26 or 27 pulses choose the gain of the next conversion. Not
/// modelled: power-down when PD_SCK stays high for 60 us, because a program on this machine may be held up for longer.
///
/// It converts at FAKE_HX711_RATE Hz (default 10) and measures FAKE_HX711_COUNTS (default 1,612,500).
class FakeHx711 {
 public:
  bool data_out();
  void clock(bool high);

 protected:
  bool is_ready_();

  /// Bits shifted out of the conversion that is being read; 0: none yet.
  uint8_t shifted_{0};
  bool clock_high_{false};
  bool data_out_{true};
  uint32_t shift_register_{0};
  /// Number of the conversion that was read last.
  int64_t read_conversion_{-1};
  /// Time of day at which its last bit was read.
  double read_time_{0.0};
};

class FakePin : public GPIOPin {
 public:
  void connect(FakeHx711 *chip, bool is_clock) {
    this->chip_ = chip;
    this->is_clock_ = is_clock;
  }
  void set_inverted(bool inverted) { this->inverted_ = inverted; }
  void set_flags(gpio::Flags flags) { this->flags_ = flags; }

  void setup() override {}
  void pin_mode(gpio::Flags flags) override {}
  gpio::Flags get_flags() const override { return this->flags_; }
  bool digital_read() override { return !this->is_clock_ && this->chip_->data_out() != this->inverted_; }
  void digital_write(bool value) override {
    if (this->is_clock_)
      this->chip_->clock(value != this->inverted_);
  }
  size_t dump_summary(char *buffer, size_t len) const override;

 protected:
  FakeHx711 *chip_{nullptr};
  bool is_clock_{false};
  bool inverted_{false};
  gpio::Flags flags_{gpio::FLAG_NONE};
};

}  // namespace esphome::fake_hx711
