#pragma once

#include "esphome/core/defines.h"
#ifdef USE_LIMBER_MPU6XXX

#include "fifo_input.h"

namespace esphome::limber {

/// What differs between the chips of the family.
struct Mpu6xxxModel {
  const char *name;
  uint8_t who_am_i;
  /// Bytes that one sample takes in the FIFO: the MPU6886 always adds the temperature.
  uint8_t sample_bytes;
  uint16_t fifo_bytes;
  /// Clock source: the MPU6050 must not use the gyroscope's oscillator while the gyroscope is off.
  uint8_t clock_source;
  bool has_accel_config2;
};

/// MPU6050, MPU6500, MPU6886 and ICM-20689 of InvenSense (register maps RM-MPU-6000A, RM-MPU-6500A, MPU-6886,
/// DS-000143).
class Mpu6xxxInput final : public FifoInput {
 public:
  void dump_config() override;

 protected:
  bool reset_chip_() override;
  bool setup_chip_() override;
  void sleep_chip_() override;
  bool read_level_(FifoLevel &level) override;
  bool reset_fifo_() override;
  bool read_samples_(int16_t (*raw)[MAX_AXES], size_t count) override;

  const Mpu6xxxModel *model_{nullptr};
};

}  // namespace esphome::limber
#endif
