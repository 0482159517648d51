#include "lsm6ds3.h"

#include <algorithm>
#include <cmath>

namespace esphome::fake_chips {

namespace {

constexpr uint8_t FIFO_CTRL1 = 0x06;
constexpr uint8_t FIFO_CTRL3 = 0x08;
constexpr uint8_t FIFO_CTRL4 = 0x09;
constexpr uint8_t FIFO_CTRL5 = 0x0A;
constexpr uint8_t WHO_AM_I = 0x0F;
constexpr uint8_t CTRL1_XL = 0x10;
constexpr uint8_t CTRL2_G = 0x11;
constexpr uint8_t CTRL3_C = 0x12;
constexpr uint8_t CTRL4_C = 0x13;
constexpr uint8_t CTRL9_XL = 0x18;
constexpr uint8_t CTRL10_C = 0x19;
constexpr uint8_t STATUS_REG = 0x1E;
constexpr uint8_t OUTX_L_XL = 0x28;
constexpr uint8_t OUTZ_H_XL = 0x2D;
constexpr uint8_t FIFO_STATUS1 = 0x3A;
constexpr uint8_t FIFO_STATUS4 = 0x3D;
constexpr uint8_t FIFO_DATA_OUT_L = 0x3E;
constexpr uint8_t FIFO_DATA_OUT_H = 0x3F;

constexpr uint8_t CTRL3_SW_RESET = 0x01;
constexpr uint8_t CTRL3_BLE = 0x02;
constexpr uint8_t CTRL3_IF_INC = 0x04;
constexpr uint8_t CTRL3_BDU = 0x40;
constexpr uint8_t CTRL3_BOOT = 0x80;

constexpr uint8_t BYPASS = 0;
constexpr uint8_t FIFO_UNTIL_FULL = 1;
constexpr uint8_t CONTINUOUS = 6;

/// Hz by the code of ODR_XL and of ODR_FIFO; 0: off. Codes beyond are not used for acceleration at night.
constexpr double OUTPUT_RATES[] = {0, 12.5, 26, 52, 104, 208, 416, 833, 1660, 3330, 6660};
/// mg per count by the code of FS_XL: 2, 16, 4 and 8 g.
constexpr double MG_PER_COUNT[] = {0.061, 0.488, 0.122, 0.244};
/// Samples by the code of DEC_FIFO_XL; 0: not in the FIFO.
constexpr uint32_t DECIMATIONS[] = {0, 1, 2, 3, 4, 8, 16, 32};

double output_rate(uint8_t code) { return code < std::size(OUTPUT_RATES) ? OUTPUT_RATES[code] : 0.0; }

bool is_read_only(uint8_t reg) {
  return reg == WHO_AM_I || (reg >= 0x1B && reg <= 0x3F && reg != 0x1C) || (reg >= 0x49 && reg <= 0x55);
}

}  // namespace

Lsm6ds3::Lsm6ds3(bool tr_c, double utc) : tr_c_(tr_c), fifo_words_(tr_c ? 2048 : 4096) { this->power_up(utc); }

void Lsm6ds3::power_up(double utc) {
  this->registers_.fill(0);
  this->registers_[WHO_AM_I] = this->tr_c_ ? 0x6A : 0x69;
  this->registers_[CTRL3_C] = CTRL3_IF_INC;
  // All axes are on after reset; the two chips have these bits at different places.
  this->registers_[CTRL9_XL] = this->tr_c_ ? 0xE0 : 0x38;
  this->registers_[CTRL10_C] = this->tr_c_ ? 0x00 : 0x38;
  this->empty_fifo_();
  this->output_.fill(0);
  this->held_axes_ = 0;
  this->data_ready_ = false;
  this->restart_clocks_(utc);
}

void Lsm6ds3::restart_clocks_(double utc) {
  this->accelerometer_.run_at(output_rate(this->registers_[CTRL1_XL] >> 4), utc);
  this->until_stored_ = 0;
}

void Lsm6ds3::advance(double utc) {
  while (this->accelerometer_.due(utc)) {
    this->take_sample_(this->accelerometer_.next_time());
    this->accelerometer_.count_sample();
  }
}

void Lsm6ds3::take_sample_(double utc) {
  this->counts_.measured++;
  for (size_t axis = 0; axis < 3; axis++) {
    const bool held = (this->registers_[CTRL3_C] & CTRL3_BDU) != 0 && (this->held_axes_ & (1 << axis)) != 0;
    if (!held)
      this->output_[axis] = this->count_of_(axis, utc, this->counts_per_g_());
  }
  this->data_ready_ = true;
  if (!this->fifo_runs_())
    return;
  if (this->until_stored_ > 0) {
    this->until_stored_--;
    return;
  }
  const uint8_t fifo_code = (this->registers_[FIFO_CTRL5] >> 3) & 0x0F;
  const double accelerometer_rate = output_rate(this->registers_[CTRL1_XL] >> 4);
  if (output_rate(fifo_code) > accelerometer_rate)
    this->complain_("the data rate of the FIFO is higher than the accelerometer's");
  const auto every = static_cast<uint32_t>(std::max(1.0, std::round(accelerometer_rate / output_rate(fifo_code))));
  this->until_stored_ = every * DECIMATIONS[this->registers_[FIFO_CTRL3] & 7] - 1;
  this->store_sample_(utc);
}

bool Lsm6ds3::fifo_runs_() const {
  const uint8_t mode = this->registers_[FIFO_CTRL5] & 7;
  const uint8_t rate = (this->registers_[FIFO_CTRL5] >> 3) & 0x0F;
  return (mode == CONTINUOUS || mode == FIFO_UNTIL_FULL) && output_rate(rate) > 0.0 &&
         (this->registers_[FIFO_CTRL3] & 7) != 0;
}

void Lsm6ds3::store_sample_(double utc) {
  if (this->pattern_length_() > 3) {
    for (int axis = 0; axis < 3; axis++)
      this->store_word_(0);
  }
  // The data sheet advises to discard the first sample after the FIFO was switched on.
  const bool valid = this->first_stored_;
  this->first_stored_ = true;
  for (size_t axis = 0; axis < 3; axis++)
    this->store_word_(valid ? this->count_of_(axis, utc, this->counts_per_g_()) : 0);
}

void Lsm6ds3::store_word_(int16_t value) {
  const uint16_t place = this->next_place_;
  this->next_place_ = (place + 1) % this->pattern_length_();
  if (this->fifo_.size() == this->fifo_words_) {
    this->overrun_ = true;
    this->counts_.overwritten++;
    if ((this->registers_[FIFO_CTRL5] & 7) == FIFO_UNTIL_FULL)
      return;
    // The oldest word goes, not the oldest sample: what is left may begin with another axis.
    this->fifo_.pop_front();
  }
  this->fifo_.push_back({value, place});
}

void Lsm6ds3::empty_fifo_() {
  this->fifo_.clear();
  this->next_place_ = 0;
  this->until_stored_ = 0;
  this->overrun_ = false;
  this->first_stored_ = false;
}

double Lsm6ds3::counts_per_g_() const { return 1000.0 / MG_PER_COUNT[(this->registers_[CTRL1_XL] >> 2) & 3]; }

uint16_t Lsm6ds3::pattern_length_() const {
  const bool gyroscope = ((this->registers_[FIFO_CTRL3] >> 3) & 7) != 0 && (this->registers_[CTRL2_G] >> 4) != 0;
  return gyroscope ? 6 : 3;
}

void Lsm6ds3::write_register(uint8_t reg, uint8_t value, double utc) {
  if (reg >= this->registers_.size() || is_read_only(reg)) {
    this->complain_("a register that can only be read was written");
    return;
  }
  if (reg == CTRL3_C && (value & (CTRL3_SW_RESET | CTRL3_BOOT)) != 0) {
    // Both bits clear themselves, long before the next transfer.
    this->power_up(utc);
    return;
  }
  this->registers_[reg] = value;
  if (reg == CTRL1_XL)
    this->restart_clocks_(utc);
  if (reg == CTRL4_C && !this->tr_c_ && (value & 0x01) != 0)
    this->complain_("STOP_ON_FTH is not simulated");
  if (reg == FIFO_CTRL4 && this->tr_c_ && (value & 0x80) != 0)
    this->complain_("STOP_ON_FTH is not simulated");
  const uint8_t mode = value & 7;
  if (reg == FIFO_CTRL5) {
    if (mode == BYPASS)
      this->empty_fifo_();
    else if (mode != FIFO_UNTIL_FULL && mode != CONTINUOUS)
      this->complain_("this mode of the FIFO is not simulated");
  }
}

uint8_t Lsm6ds3::read_register(uint8_t reg, double utc) {
  if (reg >= FIFO_STATUS1 && reg <= FIFO_STATUS4)
    return this->fifo_status_(reg);
  if (reg == FIFO_DATA_OUT_L || reg == FIFO_DATA_OUT_H)
    return this->fifo_byte_(reg == FIFO_DATA_OUT_H);
  if (reg >= OUTX_L_XL && reg <= OUTZ_H_XL)
    return this->output_byte_(reg);
  if (reg == STATUS_REG)
    return this->data_ready_ ? 0x01 : 0x00;
  return reg < this->registers_.size() ? this->registers_[reg] : 0;
}

uint8_t Lsm6ds3::next_register(uint8_t reg) const {
  if ((this->registers_[CTRL3_C] & CTRL3_IF_INC) == 0)
    return reg;
  return reg == FIFO_DATA_OUT_H ? FIFO_DATA_OUT_L : reg + 1;
}

uint8_t Lsm6ds3::fifo_status_(uint8_t reg) const {
  // One bit less than the full count needs: a full FIFO shows 0 words, and only the flags tell it from an empty one.
  const size_t words = this->fifo_.size() % this->fifo_words_;
  const uint16_t place = this->fifo_.empty() ? this->next_place_ : this->fifo_.front().place;
  switch (reg - FIFO_STATUS1) {
    case 0:
      return words & 0xFF;
    case 1: {
      const uint16_t threshold = this->registers_[FIFO_CTRL1] | (this->registers_[FIFO_CTRL1 + 1] & 0x0F) << 8;
      uint8_t flags = (words >> 8) & 0x0F;
      if (this->fifo_.empty())
        flags |= 0x10;
      // The full flag comes one sample before the FIFO is full.
      if (this->fifo_.size() + this->pattern_length_() > this->fifo_words_)
        flags |= 0x20;
      if (this->overrun_ && this->fifo_.size() == this->fifo_words_)
        flags |= 0x40;
      if (threshold > 0 && this->fifo_.size() >= threshold)
        flags |= 0x80;
      return flags;
    }
    case 2:
      return place & 0xFF;
    default:
      return place >> 8;
  }
}

uint8_t Lsm6ds3::fifo_byte_(bool high) {
  if (!high) {
    if (this->fifo_.empty()) {
      this->complain_("the FIFO was read although it is empty");
    } else {
      this->read_word_ = this->fifo_.front();
      this->fifo_.pop_front();
      this->overrun_ = false;
    }
  }
  return this->half_(this->read_word_.value, high);
}

uint8_t Lsm6ds3::output_byte_(uint8_t reg) {
  const uint8_t offset = reg - OUTX_L_XL;
  const uint8_t axis = offset / 2;
  const bool second = offset % 2 == 1;
  if (second)
    this->held_axes_ &= ~(1 << axis);
  else
    this->held_axes_ |= 1 << axis;
  this->data_ready_ = false;
  return this->half_(this->output_[axis], second);
}

uint8_t Lsm6ds3::half_(int16_t value, bool second) const {
  const bool high = second != ((this->registers_[CTRL3_C] & CTRL3_BLE) != 0);
  const auto bits = static_cast<uint16_t>(value);
  return high ? bits >> 8 : bits & 0xFF;
}

}  // namespace esphome::fake_chips
