#pragma once

#include "esphome/core/defines.h"
#ifdef USE_SENSOR

#include "limber.h"
#include "esphome/components/sensor/sensor.h"
#include "esphome/core/component.h"
#include "esphome/core/helpers.h"

namespace esphome::limber {

/// Publishes what a Limber component counts.
class LimberStatistics final : public PollingComponent, public Parented<LimberComponent> {
  SUB_SENSOR(rate)
  SUB_SENSOR(lost_samples)
  SUB_SENSOR(buffer)
  SUB_SENSOR(backlog)

 public:
  void update() override;
  void dump_config() override;

 protected:
  uint32_t samples_{0};
  int64_t updated_us_{0};
};

}  // namespace esphome::limber
#endif
