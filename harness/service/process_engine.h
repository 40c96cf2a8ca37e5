// The engine the sessions of this process share, with what was learned through it.
#pragma once

#include <memory>

#include "devenv/engine.h"
#include "images.h"

namespace devenv {

struct SharedEngine {
  explicit SharedEngine(std::shared_ptr<Engine> its_engine) : engine(std::move(its_engine)) {}
  std::shared_ptr<Engine> engine;
  ImageCache images;
};

/// Made by the first call; lives until the process ends.
std::shared_ptr<SharedEngine> shared_engine();

}  // namespace devenv
