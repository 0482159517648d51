#include "mpu6xxx.h"
#ifdef USE_LIMBER_MPU6XXX

#include "esphome/core/helpers.h"
#include "esphome/core/log.h"

namespace esphome::limber {

static const char *const TAG = "limber.mpu6xxx";

static constexpr uint8_t REG_SMPLRT_DIV = 0x19;
static constexpr uint8_t REG_CONFIG = 0x1A;
static constexpr uint8_t REG_ACCEL_CONFIG = 0x1C;
static constexpr uint8_t REG_ACCEL_CONFIG2 = 0x1D;
static constexpr uint8_t REG_FIFO_EN = 0x23;
static constexpr uint8_t REG_INT_STATUS = 0x3A;
static constexpr uint8_t REG_USER_CTRL = 0x6A;
static constexpr uint8_t REG_PWR_MGMT_1 = 0x6B;
static constexpr uint8_t REG_PWR_MGMT_2 = 0x6C;
static constexpr uint8_t REG_FIFO_COUNT_H = 0x72;
static constexpr uint8_t REG_FIFO_R_W = 0x74;
static constexpr uint8_t REG_WHO_AM_I = 0x75;

static constexpr uint8_t PWR_MGMT_1_RESET = 0x80;
static constexpr uint8_t PWR_MGMT_1_SLEEP = 0x40;
static constexpr uint8_t PWR_MGMT_2_GYROSCOPE_OFF = 0x07;
static constexpr uint8_t FIFO_EN_ACCELERATION = 0x08;
static constexpr uint8_t USER_CTRL_FIFO_ENABLE = 0x40;
static constexpr uint8_t USER_CTRL_FIFO_RESET = 0x04;
static constexpr uint8_t INT_STATUS_FIFO_OVERFLOW = 0x10;
static constexpr float INTERNAL_RATE_HZ = 1000.0f;  // with a digital low-pass filter
static constexpr size_t AXIS_BYTES = 2;

// clang-format off
static constexpr Mpu6xxxModel MODELS[] = {
    {"MPU6050",   0x68, 6, 1024, 0, false},
    {"MPU6500",   0x70, 6,  512, 1, true},
    {"MPU9250",   0x71, 6,  512, 1, true},
    {"MPU6886",   0x19, 8, 1024, 1, true},
    {"ICM-20689", 0x98, 6,  512, 1, true},
};
// clang-format on

static const Mpu6xxxModel *find_model(uint8_t who_am_i) {
  for (const auto &model : MODELS) {
    if (model.who_am_i == who_am_i)
      return &model;
  }
  return nullptr;
}

static uint8_t range_code(uint8_t range_g) {
  switch (range_g) {
    case 2:
      return 0;
    case 8:
      return 2;
    case 16:
      return 3;
    default:
      return 1;  // 4 g
  }
}

/// Code of the low-pass filter below half the rate: 10, 21 or 44 Hz.
static uint8_t filter_code(float rate_hz) {
  if (rate_hz < 40)
    return 5;
  return rate_hz < 90 ? 4 : 3;
}

bool Mpu6xxxInput::reset_chip_() {
  uint8_t who_am_i = 0;
  if (!this->read_byte(REG_WHO_AM_I, &who_am_i))
    return false;
  this->model_ = find_model(who_am_i);
  if (this->model_ == nullptr) {
    ESP_LOGD(TAG, "WHO_AM_I is 0x%02X: not a chip of this family", who_am_i);
    return false;
  }
  return this->write_byte(REG_PWR_MGMT_1, PWR_MGMT_1_RESET);
}

bool Mpu6xxxInput::setup_chip_() {
  const uint8_t divider = static_cast<uint8_t>(INTERNAL_RATE_HZ / this->rate_hz_ - 1);
  const uint8_t filter = filter_code(this->rate_hz_);
  if (!this->write_byte(REG_PWR_MGMT_1, this->model_->clock_source) ||
      !this->write_byte(REG_PWR_MGMT_2, PWR_MGMT_2_GYROSCOPE_OFF) || !this->write_byte(REG_SMPLRT_DIV, divider) ||
      !this->write_byte(REG_CONFIG, filter) || !this->write_byte(REG_ACCEL_CONFIG, range_code(this->range_g_) << 3))
    return false;
  // Newer chips have a filter of their own for the acceleration.
  if (this->model_->has_accel_config2 && !this->write_byte(REG_ACCEL_CONFIG2, filter))
    return false;
  return this->write_byte(REG_FIFO_EN, FIFO_EN_ACCELERATION) && this->reset_fifo_();
}

void Mpu6xxxInput::sleep_chip_() {
  this->write_byte(REG_USER_CTRL, 0x00);
  this->write_byte(REG_PWR_MGMT_1, PWR_MGMT_1_SLEEP);
}

bool Mpu6xxxInput::reset_fifo_() {
  uint8_t status;
  // The MPU6050 resets its FIFO only while it is off.
  return this->write_byte(REG_USER_CTRL, 0x00) && this->write_byte(REG_USER_CTRL, USER_CTRL_FIFO_RESET) &&
         this->write_byte(REG_USER_CTRL, USER_CTRL_FIFO_ENABLE) &&
         this->read_byte(REG_INT_STATUS, &status);  // reading clears the overflow flag
}

bool Mpu6xxxInput::read_level_(FifoLevel &level) {
  uint8_t status;
  uint8_t count[2];
  // Both bytes of the count in one transfer: reading the high byte latches the low one.
  if (!this->read_byte(REG_INT_STATUS, &status) || !this->read_bytes(REG_FIFO_COUNT_H, count, sizeof(count)))
    return false;
  const uint32_t bytes = encode_uint16(count[0], count[1]);
  // A chip that was unplugged reads as 0xFF.
  if (bytes > this->model_->fifo_bytes)
    return false;
  // Only whole samples may be read: the chip may be writing one right now, and reading beyond the end repeats a byte,
  // after which all axes are mixed up.
  level.samples = bytes / this->model_->sample_bytes;
  // A full FIFO drops its oldest bytes, which are not whole samples, even before its flag is seen.
  level.overrun =
      (status & INT_STATUS_FIFO_OVERFLOW) != 0 || bytes + this->model_->sample_bytes > this->model_->fifo_bytes;
  return true;
}

bool Mpu6xxxInput::read_samples_(int16_t (*raw)[MAX_AXES], size_t count) {
  uint8_t bytes[MAX_SAMPLES_PER_READ * MAX_SAMPLE_BYTES];
  if (this->read_register(REG_FIFO_R_W, bytes, count * this->model_->sample_bytes) != i2c::ERROR_OK)
    return false;
  for (size_t i = 0; i < count; i++) {
    const uint8_t *sample = bytes + i * this->model_->sample_bytes;
    for (size_t axis = 0; axis < MAX_AXES; axis++) {
      raw[i][axis] = static_cast<int16_t>(encode_uint16(sample[axis * AXIS_BYTES], sample[axis * AXIS_BYTES + 1]));
    }
  }
  return true;
}

void Mpu6xxxInput::dump_config() {
  ESP_LOGCONFIG(TAG,
                "  %s with FIFO:\n"
                "    Rate: %.0f Hz\n"
                "    Range: %u g",
                this->model_ == nullptr ? "Unknown chip" : this->model_->name, this->rate_hz_, this->range_g_);
  LOG_I2C_DEVICE(this);
}

}  // namespace esphome::limber
#endif
