#include "fake_bus.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "esphome/core/hal.h"
#include "esphome/core/log.h"

#include "lsm6ds3.h"
#include "mpu.h"

namespace esphome::fake_chips {

static const char *const TAG = "fake_chips";
/// us that a byte and its acknowledgement take at 400 kHz.
static constexpr double BYTE_TIME_US = 9.0 / 0.4;
static constexpr size_t COMMAND_BYTES = 64;

static std::unique_ptr<Chip> make_chip(const std::string &model) {
  const double utc = utc_now();
  if (model == "lsm6ds3")
    return std::make_unique<Lsm6ds3>(false, utc);
  if (model == "lsm6ds3tr_c")
    return std::make_unique<Lsm6ds3>(true, utc);
  return std::make_unique<Mpu>(model == "mpu6886", utc);
}

void FakeBus::add_chip(uint8_t address, const std::string &model) {
  const std::string chosen = this->chips_.empty() ? setting("FAKE_CHIP", model) : model;
  this->chips_[address] = make_chip(chosen);
}

void FakeBus::setup() {
  const auto port = static_cast<uint16_t>(setting("FAKE_CONTROL_PORT", 0.0));
  if (port == 0)
    return;
  this->socket_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(this->socket_, reinterpret_cast<sockaddr *>(&address), sizeof(address)) != 0) {
    ESP_LOGE(TAG, "Cannot listen for commands on port %u", port);
    this->mark_failed();
  }
}

void FakeBus::loop() {
  const double now = utc_now();
  if (this->last_loop_ > 0.0)
    this->longest_loop_ = std::max(this->longest_loop_, now - this->last_loop_);
  char command[COMMAND_BYTES + 1];
  sockaddr_in sender{};
  socklen_t sender_size = sizeof(sender);
  const ssize_t size = this->socket_ < 0
                           ? -1
                           : ::recvfrom(this->socket_, command, COMMAND_BYTES, 0,
                                        reinterpret_cast<sockaddr *>(&sender), &sender_size);
  if (size > 0) {
    this->obey_(std::string(command, size));
    const std::string report = this->report_();
    ::sendto(this->socket_, report.data(), report.size(), 0, reinterpret_cast<sockaddr *>(&sender), sender_size);
  }
  // Not counted: the time in which a test held the loop up.
  this->last_loop_ = utc_now();
}

void FakeBus::obey_(const std::string &command) {
  const auto space = command.find(' ');
  const std::string name = command.substr(0, space);
  const double seconds = space == std::string::npos ? 0.0 : std::atof(command.c_str() + space);
  const double utc = utc_now();
  ESP_LOGI(TAG, "Command: %s", command.c_str());
  if (name == "silence") {
    this->silent_until_ = utc + seconds;
  } else if (name == "power_cycle") {
    for (auto &[address, chip] : this->chips_) {
      chip->power_up(utc);
      this->silent_until_ = std::max(this->silent_until_, utc + chip->boot_time());
    }
  } else if (name == "block") {
    delay(static_cast<uint32_t>(seconds * 1000.0));
  }
}

std::string FakeBus::report_() {
  std::string text = "{\"longest_loop\": " + std::to_string(this->longest_loop_) + ", \"chips\": {";
  this->longest_loop_ = 0.0;
  const char *comma = "";
  for (const auto &[address, chip] : this->chips_) {
    text += std::string(comma) + "\"" + std::to_string(address) + "\": {\"measured\": ";
    text += std::to_string(chip->counts().measured);
    text += ", \"overwritten\": " + std::to_string(chip->counts().overwritten) + ", \"complaints\": {";
    const char *separator = "";
    for (const auto &[complaint, times] : chip->complaints()) {
      text += std::string(separator) + "\"" + complaint + "\": " + std::to_string(times);
      separator = ", ";
    }
    text += "}}";
    comma = ", ";
  }
  return text + "}}";
}

i2c::ErrorCode FakeBus::write_readv(uint8_t address, const uint8_t *write_buffer, size_t write_count,
                                    uint8_t *read_buffer, size_t read_count) {
  const double utc = utc_now();
  const auto found = this->chips_.find(address);
  // The chip takes its samples whether or not it can be reached.
  if (found != this->chips_.end())
    found->second->advance(utc);
  if (found == this->chips_.end() || utc < this->silent_until_)
    return i2c::ERROR_NOT_ACKNOWLEDGED;
  // A transfer takes its time: a driver that reads hundreds of bytes at once holds up the loop.
  delayMicroseconds(static_cast<uint32_t>(BYTE_TIME_US * static_cast<double>(1 + write_count + read_count)));
  if (write_count == 0)
    return i2c::ERROR_OK;
  Chip &chip = *found->second;
  uint8_t reg = write_buffer[0];
  for (size_t place = 1; place < write_count; place++) {
    chip.write_register(reg, write_buffer[place], utc);
    reg = chip.next_register(reg);
  }
  for (size_t place = 0; place < read_count; place++) {
    read_buffer[place] = chip.read_register(reg, utc);
    reg = chip.next_register(reg);
  }
  return i2c::ERROR_OK;
}

}  // namespace esphome::fake_chips
