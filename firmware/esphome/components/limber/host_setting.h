#pragma once

// On a computer (platform `host`), environment variables replace settings, so that the tests need one build only.

#include "esphome/core/defines.h"

#include <cstdint>
#include <cstdlib>
#include <string>

namespace esphome::limber {

inline std::string host_setting(const char *name, const std::string &value) {
#ifdef USE_HOST
  const char *replaced = std::getenv(name);
  return replaced == nullptr ? value : std::string(replaced);
#else
  return value;
#endif
}

template<typename T>
T host_setting(const char *name, T value) {
#ifdef USE_HOST
  const char *replaced = std::getenv(name);
  return replaced == nullptr ? value : static_cast<T>(std::strtoul(replaced, nullptr, 10));
#else
  return value;
#endif
}

}  // namespace esphome::limber
