#include "mpu.h"

#include <algorithm>
#include <cmath>

namespace esphome::fake_chips {

namespace {

constexpr uint8_t SMPLRT_DIV = 0x19;
constexpr uint8_t CONFIG = 0x1A;
constexpr uint8_t ACCEL_CONFIG = 0x1C;
constexpr uint8_t FIFO_EN = 0x23;
constexpr uint8_t INT_STATUS = 0x3A;
constexpr uint8_t ACCEL_XOUT_H = 0x3B;
constexpr uint8_t GYRO_ZOUT_L = 0x48;
constexpr uint8_t USER_CTRL = 0x6A;
constexpr uint8_t PWR_MGMT_1 = 0x6B;
constexpr uint8_t FIFO_COUNTH = 0x72;
constexpr uint8_t FIFO_COUNTL = 0x73;
constexpr uint8_t FIFO_R_W = 0x74;
constexpr uint8_t WHO_AM_I = 0x75;

constexpr uint8_t DEVICE_RESET = 0x80;
constexpr uint8_t SLEEP = 0x40;
constexpr uint8_t CYCLE = 0x20;
constexpr uint8_t FIFO_ENABLED = 0x40;
constexpr uint8_t FIFO_RESET = 0x04;
constexpr uint8_t STOP_WHEN_FULL = 0x40;
constexpr uint8_t FIFO_OVERFLOW = 0x10;
constexpr uint8_t DATA_READY = 0x01;
constexpr uint8_t STORE_ACCELERATION = 0x08;
constexpr uint8_t STORE_TEMPERATURE = 0x80;
constexpr uint8_t STORE_GYROSCOPE_6886 = 0x10;

constexpr size_t FIFO_BYTES = 1024;
/// s after a reset until registers can be written: the longest start-up time of the data sheet.
constexpr double RESET_TIME = 0.1;
/// Part of the sample interval in which the bytes of a sample enter the FIFO. Chosen: longer than in a chip, so that a
/// test of some seconds meets a count in the middle of a sample.
constexpr double WRITING_PART = 0.25;
/// Counts per g at the range of 2 g.
constexpr double FINEST_COUNTS_PER_G = 16384.0;

}  // namespace

Mpu::Mpu(bool mpu_6886, double utc) : mpu_6886_(mpu_6886) { this->power_up(utc); }

void Mpu::power_up(double utc) {
  this->load_reset_values_();
  this->reset_until_ = 0.0;
  this->restart_clock_(utc);
}

void Mpu::load_reset_values_() {
  this->registers_.fill(0);
  this->registers_[WHO_AM_I] = this->mpu_6886_ ? 0x19 : 0x68;
  this->registers_[PWR_MGMT_1] = this->mpu_6886_ ? 0x41 : 0x40;
  this->registers_[CONFIG] = this->mpu_6886_ ? 0x80 : 0x00;
  this->fifo_.clear();
  this->being_written_.clear();
  this->count_low_ = 0;
}

void Mpu::restart_clock_(double utc) {
  const uint8_t filter = this->registers_[CONFIG] & 7;
  const bool filtered = filter != 0 && filter != 7;
  // Without the filter of the gyroscope, samples are counted at 8 kHz, and the MPU-6886 ignores the divider.
  const double base = filtered ? 1000.0 : 8000.0;
  const double divider = filtered || !this->mpu_6886_ ? 1.0 + this->registers_[SMPLRT_DIV] : 1.0;
  const bool asleep = (this->registers_[PWR_MGMT_1] & SLEEP) != 0;
  this->clock_.run_at(asleep ? 0.0 : base / divider, utc);
}

void Mpu::advance(double utc) {
  if (this->is_resetting_(utc))
    return;
  while (this->clock_.due(utc)) {
    for (uint8_t byte : this->being_written_)
      this->store_byte_(byte);
    this->sample_time_ = this->clock_.next_time();
    const auto bytes = this->fifo_bytes_(this->measure_(this->sample_time_));
    this->being_written_.assign(bytes.begin(), bytes.end());
    this->sample_bytes_ = bytes.size();
    this->clock_.count_sample();
  }
  // Bytes enter the FIFO one by one, so its count may end in the middle of a sample.
  while (!this->being_written_.empty()) {
    const size_t written = this->sample_bytes_ - this->being_written_.size();
    const double interval = WRITING_PART / this->clock_.rate() / static_cast<double>(this->sample_bytes_);
    if (utc < this->sample_time_ + static_cast<double>(written) * interval)
      return;
    this->store_byte_(this->being_written_.front());
    this->being_written_.pop_front();
  }
}

std::vector<uint8_t> Mpu::measure_(double utc) {
  this->counts_.measured++;
  const int range = (this->registers_[ACCEL_CONFIG] >> 3) & 3;
  // Order of the registers: acceleration, temperature, gyroscope. Big endian.
  std::vector<uint8_t> measured;
  for (size_t axis = 0; axis < 3; axis++) {
    const auto bits = static_cast<uint16_t>(this->count_of_(axis, utc, FINEST_COUNTS_PER_G / (1 << range)));
    measured.push_back(bits >> 8);
    measured.push_back(bits & 0xFF);
  }
  // A temperature that no acceleration at rest resembles.
  measured.push_back(0x0B);
  measured.push_back(0xB8);
  measured.resize(14, 0);
  std::copy(measured.begin(), measured.end(), this->registers_.begin() + ACCEL_XOUT_H);
  this->registers_[INT_STATUS] |= DATA_READY;
  return measured;
}

std::vector<uint8_t> Mpu::fifo_bytes_(const std::vector<uint8_t> &measured) const {
  if ((this->registers_[USER_CTRL] & FIFO_ENABLED) == 0)
    return {};
  const uint8_t stored = this->registers_[FIFO_EN];
  const bool acceleration = (stored & STORE_ACCELERATION) != 0;
  const bool gyroscope = this->mpu_6886_ && (stored & STORE_GYROSCOPE_6886) != 0;
  const bool temperature = this->mpu_6886_ ? acceleration || gyroscope : (stored & STORE_TEMPERATURE) != 0;
  std::vector<uint8_t> bytes;
  if (acceleration)
    bytes.insert(bytes.end(), measured.begin(), measured.begin() + 6);
  if (temperature)
    bytes.insert(bytes.end(), measured.begin() + 6, measured.begin() + 8);
  for (int axis = 0; axis < 3; axis++) {
    // The MPU-6050 has one bit for each axis of the gyroscope.
    if (gyroscope || (!this->mpu_6886_ && (stored & (STORE_GYROSCOPE_6886 << (2 - axis))) != 0))
      bytes.insert(bytes.end(), measured.begin() + 8 + 2 * axis, measured.begin() + 10 + 2 * axis);
  }
  return bytes;
}

void Mpu::store_byte_(uint8_t value) {
  if (this->fifo_.size() == FIFO_BYTES) {
    this->registers_[INT_STATUS] |= FIFO_OVERFLOW;
    this->counts_.overwritten++;
    if (this->mpu_6886_ && (this->registers_[CONFIG] & STOP_WHEN_FULL) != 0)
      return;
    // The oldest byte goes, not the oldest sample.
    this->fifo_.pop_front();
  }
  this->fifo_.push_back(value);
}

void Mpu::write_register(uint8_t reg, uint8_t value, double utc) {
  if (this->is_resetting_(utc)) {
    this->complain_("register " + std::to_string(reg) + " was written while the chip resets");
    return;
  }
  const bool read_only = (reg >= INT_STATUS && reg <= GYRO_ZOUT_L) || reg == FIFO_COUNTH || reg == FIFO_COUNTL;
  if (reg >= this->registers_.size() || read_only || reg == WHO_AM_I) {
    this->complain_("a register that can only be read was written");
    return;
  }
  if (reg == PWR_MGMT_1 && (value & DEVICE_RESET) != 0) {
    this->load_reset_values_();
    this->reset_until_ = utc + RESET_TIME;
    this->clock_.run_at(0.0, utc);
    return;
  }
  if (reg == USER_CTRL) {
    this->write_user_control_(value);
    return;
  }
  if (reg == FIFO_EN && this->mpu_6886_ && (value & ~(STORE_ACCELERATION | STORE_GYROSCOPE_6886)) != 0)
    this->complain_("reserved bits of FIFO_EN were set");
  if (reg == PWR_MGMT_1 && (value & CYCLE) != 0)
    this->complain_("cycle mode is not simulated");
  this->registers_[reg] = value;
  if (reg == PWR_MGMT_1 || reg == SMPLRT_DIV || reg == CONFIG)
    this->restart_clock_(utc);
}

void Mpu::write_user_control_(uint8_t value) {
  const bool enabled = (value & FIFO_ENABLED) != 0;
  if ((value & FIFO_RESET) != 0) {
    if (enabled && !this->mpu_6886_) {
      this->complain_("the FIFO of an MPU-6050 was reset while it is enabled");
    } else {
      this->fifo_.clear();
      this->being_written_.clear();
    }
  }
  // The three reset bits clear themselves.
  this->registers_[USER_CTRL] = value & ~0x07;
}

uint8_t Mpu::read_register(uint8_t reg, double utc) {
  if (this->is_resetting_(utc))
    return reg == PWR_MGMT_1 ? DEVICE_RESET | this->registers_[reg] : this->registers_[reg % 128];
  switch (reg) {
    case INT_STATUS: {
      const uint8_t status = this->registers_[INT_STATUS];
      this->registers_[INT_STATUS] = 0;
      return status;
    }
    case FIFO_COUNTH:
      // Reading the high byte latches the low one.
      this->count_low_ = this->fifo_.size() & 0xFF;
      return this->fifo_.size() >> 8;
    case FIFO_COUNTL:
      return this->count_low_;
    case FIFO_R_W:
      return this->fifo_byte_();
    default:
      return reg < this->registers_.size() ? this->registers_[reg] : 0;
  }
}

uint8_t Mpu::next_register(uint8_t reg) const { return reg == FIFO_R_W ? FIFO_R_W : reg + 1; }

uint8_t Mpu::fifo_byte_() {
  if (this->fifo_.empty()) {
    this->complain_("the FIFO was read although it is empty");
    return this->last_byte_;
  }
  this->last_byte_ = this->fifo_.front();
  this->fifo_.pop_front();
  return this->last_byte_;
}

}  // namespace esphome::fake_chips
