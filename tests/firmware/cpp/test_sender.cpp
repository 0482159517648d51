// What is sent when: clock frames, the ring again after a reconnect, and never too much at a time.

#include "check.h"
#include "limber/frame_sender.h"

#include <vector>

using namespace esphome::limber;

struct FakeLink : FrameLink {
  bool connected = true;
  uint32_t number = 1;
  bool sends_again = true;
  size_t room = 100000;  // frames that the link takes
  std::vector<std::vector<uint8_t>> sent;

  void setup() override {}
  void loop() override {}
  void dump_config() override {}
  bool is_connected() const override { return connected; }
  uint32_t connection() const override { return number; }
  bool resends() const override { return sends_again; }
  bool send_frame(const uint8_t *frame, size_t bytes) override {
    if (room == 0)
      return false;
    room--;
    sent.emplace_back(frame, frame + bytes);
    return true;
  }
};

struct Device {
  FakeLink link;
  FrameBuilder builder;
  FrameRing ring;
  FrameSender sender;
  std::vector<uint8_t> memory;
  uint32_t now_us = 4294000000u;  // the clock wraps after about one second

  Device() : memory(FrameRing::memory_bytes(120, 64)) {
    builder.init({1, 7, Quantity::EMG, 2500}, 5, "");
    builder.set_next_sequence(4294967290u);  // and so do the numbers
    ring.init(memory.data(), 120, 64);
  }
  void store_frames(int frames) {
    for (int i = 0; i < frames * 5; i++) {
      const int32_t count = i;
      builder.add_sample(&count, now_us);
      if (builder.is_full()) {
        const size_t size = builder.close_frame(BATTERY_UNKNOWN);
        ring.push(builder.frame_data(), size, 5);
      }
    }
  }
  /// Run for a time with 60 turns of the loop a second; return the quantity codes of what was sent.
  std::vector<int> run(uint32_t seconds) {
    link.sent.clear();
    for (uint32_t turn = 0; turn < seconds * 60; turn++) {
      now_us += 16667;
      const size_t before = link.sent.size();
      sender.loop(link, ring, builder, now_us, 80);
      CHECK(link.sent.size() - before <= FrameSender::MAX_FRAMES_PER_TURN);
    }
    std::vector<int> codes;
    for (const auto &frame : link.sent)
      codes.push_back(frame[3]);
    return codes;
  }
};

static std::vector<int> codes(int clock_frames, int frames) {
  std::vector<int> expected(clock_frames, 255);
  expected.insert(expected.end(), frames, 1);
  return expected;
}

static void a_connection_begins_with_a_clock_frame() {
  Device device;
  device.store_frames(3);
  CHECK(device.run(2) == codes(1, 3));
  const auto &clock_frame = device.link.sent[0];
  CHECK(clock_frame.size() == HEADER_BYTES);
  CHECK(clock_frame[22] == 0 && clock_frame[23] == 80);
  CHECK(get_u32(clock_frame.data() + 12) == device.builder.next_sequence());
  CHECK(device.builder.next_sequence() == 9);  // wrapped
}

static void a_clock_frame_is_sent_once_a_minute() {
  Device device;
  int clock_frames = 0;
  for (int second = 0; second < 601; second++) {
    device.store_frames(2);
    for (const int code : device.run(1))
      clock_frames += code == 255;
  }
  CHECK(clock_frames == 11);
}

static void clock_frames_keep_a_connection_without_samples() {
  Device device;
  CHECK(device.run(1) == codes(1, 0));
  CHECK(device.run(60) == codes(12, 0));
}

static void after_a_reconnect_the_whole_ring_is_sent_again() {
  Device device;
  device.store_frames(50);
  CHECK(device.run(5) == codes(1, 50));
  device.link.connected = false;
  device.store_frames(90);
  CHECK(device.run(5) == codes(0, 0));
  device.link.connected = true;
  device.link.number++;
  CHECK(device.run(5) == codes(1, 120));
  CHECK(get_u32(device.link.sent[1].data() + 12) == 4294967290u + 20 * 5);  // the oldest of the ring
  device.store_frames(1);
  CHECK(device.run(1) == codes(0, 1));
}

static void a_reconnect_between_two_turns_is_seen() {
  Device device;
  device.store_frames(2);
  CHECK(device.run(1) == codes(1, 2));
  device.link.number++;
  CHECK(device.run(1) == codes(1, 2));
}

static void a_link_that_does_not_resend_goes_on_where_it_was() {
  Device device;
  device.link.sends_again = false;
  device.store_frames(2);
  CHECK(device.run(1) == codes(1, 2));
  device.link.connected = false;
  device.store_frames(3);
  device.run(1);
  device.link.connected = true;
  device.link.number++;
  CHECK(device.run(1) == codes(1, 3));
}

static void a_full_link_delays_and_loses_nothing() {
  Device device;
  device.store_frames(10);
  device.link.room = 4;
  CHECK(device.run(1) == codes(1, 3));
  CHECK(device.ring.unsent() == 7);
  device.link.room = 100000;
  CHECK(device.run(1) == codes(0, 7));
}

static void no_more_than_200_frames_are_sent_in_a_second() {
  Device device;
  device.ring.init(nullptr, 1, 64);
  device.memory.resize(FrameRing::memory_bytes(1000, 64));
  device.ring.init(device.memory.data(), 1000, 64);
  device.store_frames(1000);
  CHECK(device.run(1).size() <= 201);
  CHECK(device.run(1).size() > 100);
}

int main() {
  a_connection_begins_with_a_clock_frame();
  a_clock_frame_is_sent_once_a_minute();
  clock_frames_keep_a_connection_without_samples();
  after_a_reconnect_the_whole_ring_is_sent_again();
  a_reconnect_between_two_turns_is_seen();
  a_link_that_does_not_resend_goes_on_where_it_was();
  a_full_link_delays_and_loses_nothing();
  no_more_than_200_frames_are_sent_in_a_second();
}
