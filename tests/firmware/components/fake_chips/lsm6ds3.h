#pragma once

#include <array>
#include <deque>

#include "chip.h"

namespace esphome::fake_chips {

/// The accelerometer and the FIFO of an LSM6DS3 or LSM6DS3TR-C, as in ST's data sheets (DocID026899, DocID030071).
///
/// Not modelled: the gyroscope's signal (it reads 0), the sensor hub, the embedded functions, STOP_ON_FTH and the FIFO
/// modes other than bypass, FIFO and continuous. Use of these is a complaint.
class Lsm6ds3 : public Chip {
 public:
  /// `tr_c`: the newer LSM6DS3TR-C, which has half of the FIFO.
  Lsm6ds3(bool tr_c, double utc);

  void power_up(double utc) override;
  void advance(double utc) override;
  void write_register(uint8_t reg, uint8_t value, double utc) override;
  uint8_t read_register(uint8_t reg, double utc) override;
  uint8_t next_register(uint8_t reg) const override;
  double boot_time() const override { return 0.015; }

 protected:
  /// A word of the FIFO, and its place in the pattern of words that repeats.
  struct Word {
    int16_t value;
    uint16_t place;
  };

  void restart_clocks_(double utc);
  void take_sample_(double utc);
  void store_sample_(double utc);
  void store_word_(int16_t value);
  void empty_fifo_();
  double counts_per_g_() const;
  uint16_t pattern_length_() const;
  bool fifo_runs_() const;
  uint8_t fifo_status_(uint8_t reg) const;
  uint8_t fifo_byte_(bool high);
  uint8_t output_byte_(uint8_t reg);
  uint8_t half_(int16_t value, bool second) const;

  const bool tr_c_;
  const size_t fifo_words_;
  std::array<uint8_t, 128> registers_{};
  Oscillator accelerometer_;
  /// Samples of the accelerometer until the next one that goes into the FIFO.
  uint32_t until_stored_{0};
  std::deque<Word> fifo_;
  Word read_word_{0, 0};
  /// Place in the pattern of the next word that is written.
  uint16_t next_place_{0};
  bool overrun_{false};
  bool first_stored_{false};
  std::array<int16_t, 3> output_{};
  /// Axes whose high byte must still be read before they change (block data update).
  uint8_t held_axes_{0};
  bool data_ready_{false};
};

}  // namespace esphome::fake_chips
