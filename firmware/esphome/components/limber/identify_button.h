#pragma once

#include "esphome/core/defines.h"
#ifdef USE_LIMBER_IDENTIFY

#include "esphome/components/button/button.h"
#include "esphome/components/output/binary_output.h"
#include "esphome/core/component.h"

namespace esphome::limber {

/// Blinks a light-emitting diode for some seconds, to identify the device.
class IdentifyButton final : public button::Button, public Component {
 public:
  void set_output(output::BinaryOutput *output) { this->output_ = output; }

 protected:
  static constexpr uint32_t BLINK_INTERVAL_MS = 250;
  static constexpr uint32_t BLINKS = 20;  // 5 s, on and off

  void press_action() override {
    this->blinks_ = BLINKS;
    this->set_interval("blink", BLINK_INTERVAL_MS, [this]() { this->blink_(); });
  }

  void blink_() {
    this->output_->set_state(this->blinks_ % 2 == 0);
    if (this->blinks_-- > 0)
      return;
    this->output_->set_state(false);
    this->cancel_interval("blink");
  }

  output::BinaryOutput *output_{nullptr};
  uint32_t blinks_{0};
};

}  // namespace esphome::limber
#endif
