#include "lsm6ds3.h"
#ifdef USE_LIMBER_LSM6DS3

#include "esphome/core/helpers.h"
#include "esphome/core/log.h"

namespace esphome::limber {

static const char *const TAG = "limber.lsm6ds3";

static constexpr uint8_t WHO_AM_I_LSM6DS3 = 0x69;
static constexpr uint8_t WHO_AM_I_LSM6DS3TR_C = 0x6A;

static constexpr uint8_t REG_FIFO_CTRL3 = 0x08;
static constexpr uint8_t REG_FIFO_CTRL4 = 0x09;
static constexpr uint8_t REG_FIFO_CTRL5 = 0x0A;
static constexpr uint8_t REG_WHO_AM_I = 0x0F;
static constexpr uint8_t REG_CTRL1_XL = 0x10;
static constexpr uint8_t REG_CTRL2_G = 0x11;
static constexpr uint8_t REG_CTRL3_C = 0x12;
static constexpr uint8_t REG_FIFO_STATUS1 = 0x3A;
static constexpr uint8_t REG_FIFO_DATA_OUT_L = 0x3E;

static constexpr uint8_t CTRL3_C_BLOCK_DATA_UPDATE = 0x40;
static constexpr uint8_t CTRL3_C_AUTO_INCREMENT = 0x04;
static constexpr uint8_t CTRL3_C_SOFTWARE_RESET = 0x01;
static constexpr uint8_t FIFO_CTRL3_ACCELERATION_ONLY = 0x01;  // no decimation of the acceleration, no gyroscope
static constexpr uint8_t FIFO_MODE_BYPASS = 0x00;
static constexpr uint8_t FIFO_MODE_CONTINUOUS = 0x06;
static constexpr uint8_t FIFO_STATUS2_OVERRUN = 0x40;
static constexpr uint8_t FIFO_STATUS2_EMPTY = 0x10;
// Number of unread words of 16 bits. The LSM6DS3 has 12 bits (8 kB), the LSM6DS3TR-C 11 (4 kB) and a zero above them.
static constexpr uint8_t FIFO_STATUS2_LEVEL_MASK = 0x0F;
static constexpr uint32_t WORDS_PER_SAMPLE = 3;

// ODR codes of CTRL1_XL and FIFO_CTRL5.
uint8_t Lsm6ds3Input::rate_code_() const {
  if (this->rate_hz_ < 30)
    return 0x2;  // 26 Hz
  if (this->rate_hz_ < 60)
    return 0x3;  // 52 Hz
  return 0x4;    // 104 Hz
}

static uint8_t range_code(uint8_t range_g) {
  switch (range_g) {
    case 2:
      return 0x0;
    case 8:
      return 0x3;
    case 16:
      return 0x1;
    default:
      return 0x2;  // 4 g
  }
}

bool Lsm6ds3Input::reset_chip_() {
  uint8_t who_am_i = 0;
  if (!this->read_byte(REG_WHO_AM_I, &who_am_i))
    return false;
  if (who_am_i != WHO_AM_I_LSM6DS3 && who_am_i != WHO_AM_I_LSM6DS3TR_C) {
    ESP_LOGD(TAG, "WHO_AM_I is 0x%02X, expected 0x69 or 0x6A", who_am_i);
    return false;
  }
  return this->write_byte(REG_CTRL3_C, CTRL3_C_SOFTWARE_RESET);
}

bool Lsm6ds3Input::setup_chip_() {
  return this->write_byte(REG_CTRL3_C, CTRL3_C_BLOCK_DATA_UPDATE | CTRL3_C_AUTO_INCREMENT) &&
         this->write_byte(REG_CTRL2_G, 0x00) &&  // gyroscope off
         this->write_byte(REG_CTRL1_XL, this->rate_code_() << 4 | range_code(this->range_g_) << 2) &&
         this->write_byte(REG_FIFO_CTRL3, FIFO_CTRL3_ACCELERATION_ONLY) &&
         this->write_byte(REG_FIFO_CTRL4, 0x00) &&  // nothing else in the FIFO
         this->reset_fifo_();
}

void Lsm6ds3Input::sleep_chip_() {
  this->write_byte(REG_FIFO_CTRL5, FIFO_MODE_BYPASS);
  this->write_byte(REG_CTRL1_XL, 0x00);  // power-down
}

bool Lsm6ds3Input::reset_fifo_() {
  return this->write_byte(REG_FIFO_CTRL5, FIFO_MODE_BYPASS) &&
         this->write_byte(REG_FIFO_CTRL5, this->rate_code_() << 3 | FIFO_MODE_CONTINUOUS);
}

bool Lsm6ds3Input::read_level_(FifoLevel &level) {
  uint8_t status[2];
  if (!this->read_bytes(REG_FIFO_STATUS1, status, sizeof(status)))
    return false;
  const uint32_t words = status[0] | (status[1] & FIFO_STATUS2_LEVEL_MASK) << 8;
  level.samples = words / WORDS_PER_SAMPLE;
  // An exactly full FIFO has a level of 0 as well, and the next sample overruns it.
  const bool is_full = words == 0 && (status[1] & FIFO_STATUS2_EMPTY) == 0;
  level.overrun = is_full || (status[1] & FIFO_STATUS2_OVERRUN) != 0;
  return true;
}

bool Lsm6ds3Input::read_samples_(int16_t (*raw)[MAX_AXES], size_t count) {
  uint8_t bytes[MAX_SAMPLES_PER_READ * WORDS_PER_SAMPLE * 2];
  // The address goes back from 0x3F to 0x3E by itself, so one transfer reads many words.
  if (this->read_register(REG_FIFO_DATA_OUT_L, bytes, count * WORDS_PER_SAMPLE * 2) != i2c::ERROR_OK)
    return false;
  for (size_t word = 0; word < count * WORDS_PER_SAMPLE; word++) {
    raw[word / WORDS_PER_SAMPLE][word % WORDS_PER_SAMPLE] =
        static_cast<int16_t>(encode_uint16(bytes[word * 2 + 1], bytes[word * 2]));
  }
  return true;
}

void Lsm6ds3Input::dump_config() {
  ESP_LOGCONFIG(TAG,
                "  LSM6DS3 with FIFO:\n"
                "    Rate: %.0f Hz\n"
                "    Range: %u g",
                this->rate_hz_, this->range_g_);
  LOG_I2C_DEVICE(this);
}

}  // namespace esphome::limber
#endif
