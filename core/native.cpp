#include "native.h"

namespace bant {

namespace {
NativeSettings settings;
int prepared = -1;   // what `prepare` said; -1: it was not asked
}

void set_native(const NativeSettings& wanted) {
    settings = wanted;
    prepared = -1;
}
const NativeSettings& native() { return settings; }

bool can_compile() {
    if (!settings.compile) return false;
    if (prepared < 0) prepared = !settings.prepare || settings.prepare();
    return prepared == 1;
}

void request(const std::shared_ptr<NativeKernel>& kernel) {
    if (kernel->requested || !settings.compile) return;
    kernel->requested = true;
    settings.compile(kernel);
}

LoopFunction count_run(const std::shared_ptr<NativeKernel>& kernel) {
    if (!kernel->requested && ++kernel->runs > settings.runs) request(kernel);
    return kernel->function.load(std::memory_order_acquire);
}

}  // namespace bant
