#pragma once

#include "esphome/core/defines.h"
#ifdef USE_SWITCH

#include "limber.h"
#include "esphome/components/switch/switch.h"
#include "esphome/core/component.h"
#include "esphome/core/helpers.h"

namespace esphome::limber {

/// Stops measuring, for example during the day. The state survives a restart.
class MeasureSwitch final : public switch_::Switch, public Component, public Parented<LimberComponent> {
 public:
  void setup() override {
    const optional<bool> restored = this->get_initial_state_with_restore_mode();
    if (restored.has_value())
      this->write_state(*restored);
  }
  /// Before the Limber component, so that it starts in the restored state.
  float get_setup_priority() const override { return setup_priority::HARDWARE; }

 protected:
  void write_state(bool state) override {
    this->parent_->set_measuring(state);
    this->publish_state(state);
  }
};

}  // namespace esphome::limber
#endif
