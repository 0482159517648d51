#pragma once

#include "esphome/core/defines.h"
#ifdef USE_LIMBER_HX711

#include "input.h"
#include "sample_clock.h"
#include "esphome/core/gpio.h"

namespace esphome::limber {

/// Load cells at an HX711 (Avia Semiconductor), read as soon as each conversion is ready.
class Hx711Input final : public Input {
 public:
  void set_dout_pin(GPIOPin *pin) { this->dout_pin_ = pin; }
  void set_clk_pin(GPIOPin *pin) { this->clk_pin_ = pin; }
  void set_rate(float rate_hz) { this->rate_hz_ = rate_hz; }
  /// Raw count of the empty bed.
  void set_zero(int32_t zero) { this->zero_ = zero; }
  /// Raw counts per kg; negative if the cells are wired the other way round.
  void set_counts_per_kg(float counts_per_kg) { this->counts_per_kg_ = counts_per_kg; }

  void setup() override;
  void dump_config() override;
  Quantity quantity() const override { return Quantity::LOAD; }
  float rate_hz() const override { return this->rate_hz_; }
  void start(int64_t now_us) override;
  void loop(int64_t now_us) override;
  void stop() override;

 protected:
  int32_t read_raw_();

  GPIOPin *dout_pin_{nullptr};
  GPIOPin *clk_pin_{nullptr};
  float rate_hz_{10};
  int32_t zero_{0};
  float counts_per_kg_{1};
  PollGaps gaps_;
  bool was_stopped_{false};
  int64_t settled_us_{0};
};

}  // namespace esphome::limber
#endif
