// The ring of frames: what it keeps, what it sends again, and what is lost.

#include "check.h"
#include "limber/frame_ring.h"

#include <vector>

using namespace esphome::limber;

static constexpr size_t SLOTS = 4;
static constexpr size_t FRAME_BYTES = 40;

struct Ring : FrameRing {
  Ring() : memory(FrameRing::memory_bytes(SLOTS, FRAME_BYTES)) { this->init(memory.data(), SLOTS, FRAME_BYTES); }
  std::vector<uint8_t> memory;

  /// Store a frame of `number` + 1 bytes that all have the value `number`.
  uint32_t store(uint8_t number, uint8_t samples = 10) {
    const std::vector<uint8_t> frame(number + 1, number);
    return this->push(frame.data(), frame.size(), samples);
  }
  /// Send all that waits; return the numbers of the frames.
  std::vector<int> send_all() {
    std::vector<int> sent;
    while (this->has_next()) {
      CHECK(this->next_bytes() == this->next_frame()[0] + 1u);
      CHECK(this->next_frame()[this->next_bytes() - 1] == this->next_frame()[0]);
      sent.push_back(this->next_frame()[0]);
      this->mark_sent();
    }
    return sent;
  }
};

static void frames_are_sent_once_in_order() {
  Ring ring;
  CHECK(!ring.has_next());
  ring.store(0);
  ring.store(1);
  CHECK(ring.unsent() == 2);
  CHECK(ring.send_all() == std::vector<int>({0, 1}));
  CHECK(ring.unsent() == 0);
  ring.store(2);
  CHECK(ring.send_all() == std::vector<int>({2}));
}

static void a_reconnect_sends_all_that_is_kept() {
  Ring ring;
  for (uint8_t number = 0; number < 6; number++) {
    ring.store(number);
    ring.send_all();
  }
  ring.rewind();
  // Sent before: they do not count as waiting.
  CHECK(ring.unsent() == 0);
  CHECK(ring.send_all() == std::vector<int>({2, 3, 4, 5}));
}

static void only_frames_that_were_never_sent_are_lost() {
  Ring ring;
  for (uint8_t number = 0; number < 4; number++)
    CHECK(ring.store(number) == 0);
  ring.mark_sent();
  CHECK(ring.store(4, 7) == 0);   // overwrites frame 0, which was sent
  CHECK(ring.store(5, 7) == 10);  // overwrites frame 1, which was not
  CHECK(ring.send_all() == std::vector<int>({2, 3, 4, 5}));
  // Sent again and overwritten in the middle of it: nothing is lost, and nothing is sent twice in a row.
  ring.rewind();
  ring.mark_sent();
  CHECK(ring.store(6) == 0);
  CHECK(ring.store(7) == 0);
  CHECK(ring.send_all() == std::vector<int>({4, 5, 6, 7}));
}

static void the_ring_keeps_the_latest_frames_for_ever() {
  Ring ring;
  for (int number = 0; number < 1000; number++) {
    ring.store(static_cast<uint8_t>(number % 40));
    CHECK(ring.size() <= SLOTS);
  }
  CHECK(ring.unsent() == SLOTS);
  CHECK(ring.send_all() == std::vector<int>({36, 37, 38, 39}));
}

int main() {
  frames_are_sent_once_in_order();
  a_reconnect_sends_all_that_is_kept();
  only_frames_that_were_never_sent_are_lost();
  the_ring_keeps_the_latest_frames_for_ever();
}
