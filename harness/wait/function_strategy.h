// A strategy made of a description and a function that makes its question: what most conditions need.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "devenv/wait.h"

namespace devenv {

/// Asked with the question's deadline; owns whatever it remembers between questions.
using Question = std::function<WaitAnswer(const WaitTarget&, Deadline)>;

class FunctionProbe : public WaitProbe {
 public:
  FunctionProbe(WaitTarget target, Question question)
      : target_(std::move(target)), question_(std::move(question)) {}
  WaitAnswer ask(Deadline deadline) override { return question_(target_, deadline); }

 private:
  WaitTarget target_;
  Question question_;
};

class FunctionStrategy : public WaitStrategy {
 public:
  FunctionStrategy(std::string description, Question question)
      : description_(std::move(description)), question_(std::move(question)) {}
  std::string describe() const override { return description_; }
  std::unique_ptr<WaitProbe> begin(const WaitTarget& target) const override {
    return std::make_unique<FunctionProbe>(target, question_);
  }

 private:
  std::string description_;
  Question question_;
};

inline Wait make_wait(std::string description, Question question) {
  return Wait(std::make_shared<FunctionStrategy>(std::move(description), std::move(question)));
}

}  // namespace devenv
