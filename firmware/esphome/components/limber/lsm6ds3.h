#pragma once

#include "esphome/core/defines.h"
#ifdef USE_LIMBER_LSM6DS3

#include "fifo_input.h"

namespace esphome::limber {

/// LSM6DS3 and LSM6DS3TR-C of STMicroelectronics (data sheets DM00133076 and DM00347543).
class Lsm6ds3Input final : public FifoInput {
 public:
  void dump_config() override;

 protected:
  bool reset_chip_() override;
  bool setup_chip_() override;
  void sleep_chip_() override;
  bool read_level_(FifoLevel &level) override;
  bool reset_fifo_() override;
  bool read_samples_(int16_t (*raw)[MAX_AXES], size_t count) override;

  uint8_t rate_code_() const;
};

}  // namespace esphome::limber
#endif
