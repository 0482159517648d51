#pragma once

#include "esphome/core/defines.h"
#ifdef USE_LIMBER_BLE

#include "frame_sender.h"

#include <zephyr/bluetooth/conn.h>

#include <atomic>

namespace esphome::limber {

/// Nordic UART Service of an nRF52: one notification is one frame.
///
/// ESPHome's `ble_nus` offers the service. Its output is a stream of bytes that it cuts at any place, so frames are
/// sent as notifications of the same characteristic here, one at a time.
class BleLink final : public FrameLink {
 public:
  void setup() override;
  void loop() override;
  void dump_config() override;
  bool is_connected() const override { return this->is_connected_; }
  uint32_t connection() const override { return this->connections_; }
  bool resends() const override { return true; }
  size_t max_frame_bytes() const override;
  bool send_frame(const uint8_t *frame, size_t bytes) override;

 protected:
  // Called by the Bluetooth thread.
  static void on_connected(bt_conn *conn, uint8_t error);
  static void on_disconnected(bt_conn *conn, uint8_t reason);
  static void on_sent(bt_conn *conn, void *user_data);

  bool is_connected_{false};
  uint32_t failed_ms_{0};
  std::atomic<bt_conn *> conn_{nullptr};
  std::atomic<uint32_t> connections_{0};
  std::atomic<bool> is_sending_{false};
};

}  // namespace esphome::limber
#endif
