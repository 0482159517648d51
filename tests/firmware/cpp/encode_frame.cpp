// Encodes one frame from the command line and prints it as hexadecimal digits, for the golden frames.
//
// Arguments: quantity code, sensor id, boot id, sequence, clock in us, rate x 10, battery, key, counts...

#include "limber/frame.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

using namespace esphome::limber;

static uint32_t number(const char *text) { return static_cast<uint32_t>(std::strtoul(text, nullptr, 10)); }

int main(int argc, char **argv) {
  if (argc < 9)
    return 2;
  const Quantity quantity = static_cast<Quantity>(number(argv[1]));
  FrameBuilder builder;
  const FrameIdentity identity{number(argv[2]), number(argv[3]), quantity, static_cast<uint16_t>(number(argv[6]))};
  builder.init(identity, MAX_SAMPLES_PER_FRAME, argv[8]);
  builder.set_next_sequence(number(argv[4]));
  const uint32_t clock_us = number(argv[5]);
  const uint8_t battery = static_cast<uint8_t>(number(argv[7]));
  uint8_t clock_frame[HEADER_BYTES];
  const uint8_t *frame = clock_frame;
  size_t size = HEADER_BYTES;
  if (quantity == Quantity::CLOCK) {
    builder.write_clock_frame(clock_frame, clock_us, battery);
  } else {
    const int axes = static_cast<int>(axes_of(quantity));
    for (int first = 9; first + axes <= argc; first += axes) {
      int32_t counts[MAX_AXES];
      for (int axis = 0; axis < axes; axis++) {
        counts[axis] = static_cast<int32_t>(std::strtol(argv[first + axis], nullptr, 10));
      }
      builder.add_sample(counts, clock_us);
    }
    size = builder.close_frame(battery);
    frame = builder.frame_data();
  }
  for (size_t i = 0; i < size; i++) {
    std::printf("%02x", frame[i]);
  }
}
