#pragma once

#include <array>
#include <deque>
#include <vector>

#include "chip.h"

namespace esphome::fake_chips {

/// The accelerometer and the FIFO of an MPU-6050 or MPU-6886, as in InvenSense's register maps (RM-MPU-6000A revision
/// 4.2; DS-000193).
///
/// Not modelled: the gyroscope's signal (it reads 0), the DMP, the I2C master, cycle mode. Use of these is a complaint.
class Mpu : public Chip {
 public:
  /// `mpu_6886`: the MPU-6886, which stores the temperature with each acceleration.
  Mpu(bool mpu_6886, double utc);

  void power_up(double utc) override;
  void advance(double utc) override;
  void write_register(uint8_t reg, uint8_t value, double utc) override;
  uint8_t read_register(uint8_t reg, double utc) override;
  uint8_t next_register(uint8_t reg) const override;
  double boot_time() const override { return 0.1; }

 protected:
  void load_reset_values_();
  void restart_clock_(double utc);
  bool is_resetting_(double utc) const { return utc < this->reset_until_; }
  std::vector<uint8_t> measure_(double utc);
  std::vector<uint8_t> fifo_bytes_(const std::vector<uint8_t> &measured) const;
  void store_byte_(uint8_t value);
  void write_user_control_(uint8_t value);
  uint8_t fifo_byte_();

  const bool mpu_6886_;
  std::array<uint8_t, 128> registers_{};
  Oscillator clock_;
  double reset_until_{0.0};
  std::deque<uint8_t> fifo_;
  /// Bytes of the newest sample that are still to be written to the FIFO.
  std::deque<uint8_t> being_written_;
  /// Time of day at which the newest sample was taken.
  double sample_time_{0.0};
  size_t sample_bytes_{0};
  uint8_t last_byte_{0};
  uint8_t count_low_{0};
};

}  // namespace esphome::fake_chips
