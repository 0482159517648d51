#include "ble_link.h"
#ifdef USE_LIMBER_BLE

#include "esphome/core/hal.h"
#include "esphome/core/log.h"

#include <zephyr/bluetooth/gatt.h>
#include <zephyr/bluetooth/uuid.h>

namespace esphome::limber {

static const char *const TAG = "limber.ble";

/// What `ble_nus` asks for: one notification fits into one packet of the radio.
static constexpr uint16_t MTU = 247;
static constexpr uint16_t NOTIFICATION_HEADER_BYTES = 3;
/// chosen: a central that has not subscribed yet is asked again after this time; each attempt is a warning in Zephyr's
/// log.
static constexpr uint32_t RETRY_INTERVAL_MS = 250;

// Characteristic of the Nordic UART Service that the peripheral sends on.
static const bt_uuid_128 TX_UUID =
    BT_UUID_INIT_128(BT_UUID_128_ENCODE(0x6e400003, 0xb5a3, 0xf393, 0xe0a9, 0xe50e24dcca9e));

static BleLink *global_ble_link;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

size_t BleLink::max_frame_bytes() const { return MTU - NOTIFICATION_HEADER_BYTES; }

void BleLink::setup() {
  global_ble_link = this;
  static bt_conn_cb callbacks = {
      .connected = BleLink::on_connected,
      .disconnected = BleLink::on_disconnected,
  };
  bt_conn_cb_register(&callbacks);
}

void BleLink::on_connected(bt_conn *conn, uint8_t error) {
  if (error != 0)
    return;
  global_ble_link->is_sending_ = false;
  global_ble_link->connections_++;
  global_ble_link->conn_ = bt_conn_ref(conn);
}

void BleLink::on_disconnected(bt_conn *conn, uint8_t reason) {
  bt_conn *known = global_ble_link->conn_.exchange(nullptr);
  // The connection objects are static: a pointer that the loop has just read stays valid, and sending on it fails.
  if (known != nullptr)
    bt_conn_unref(known);
}

void BleLink::on_sent(bt_conn *conn, void *user_data) { global_ble_link->is_sending_ = false; }

void BleLink::loop() {
  bt_conn *conn = this->conn_;
  // A central agrees on the MTU soon after it has connected; frames do not fit into the first one (23).
  this->is_connected_ = conn != nullptr && bt_gatt_get_mtu(conn) >= MTU;
}

bool BleLink::send_frame(const uint8_t *frame, size_t bytes) {
  bt_conn *conn = this->conn_;
  if (millis() - this->failed_ms_ < RETRY_INTERVAL_MS)
    return false;
  // One at a time: with all buffers of the stack in use, the next call would block.
  if (conn == nullptr || this->is_sending_.exchange(true))
    return false;
  bt_gatt_notify_params params{};
  params.uuid = &TX_UUID.uuid;
  params.data = frame;
  params.len = static_cast<uint16_t>(bytes);
  params.func = BleLink::on_sent;
  const int error = bt_gatt_notify_cb(conn, &params);
  if (error == 0)
    return true;
  // Not subscribed yet (EINVAL), or just disconnected.
  this->is_sending_ = false;
  this->failed_ms_ = millis();
  ESP_LOGV(TAG, "Notification failed (error %d)", error);
  return false;
}

void BleLink::dump_config() { ESP_LOGCONFIG(TAG, "  Bluetooth: Nordic UART Service, MTU %u", MTU); }

}  // namespace esphome::limber
#endif
