// Machines: the executor of small programs.
//
// A Program whose values are all small spends its time around the arithmetic, not in it: looking values up, allocating
// results, checking what was checked before.  A Machine is such a program made ready once.  Every value lies at a fixed
// address in one piece of memory that the machine owns, the arena, so an instruction is a function and some pointers
// that never change, and a run is a loop over them:
//
//     inputs are copied into the arena  →  instructions, one after the other  →  outputs are copied into fresh tensors
//
// Nothing else is allocated during a run.  Views cost nothing: they are other shapes and strides over fixed addresses.
// An elementwise operation is its inner loop with pointers, count and steps; on one element, a plain function if there
// is one (`Loop::scalar`).  Sums and the like are folds, or kernels as they are, on tensors prepared beforehand.
//
// When a machine has run often, the host may compile groups of its steps (`machine_groups.h`), and the machine gets other
// code in which each is one instruction.  `machine_draft.h` makes values and steps of a program, `machine.cpp` gives them
// places and instructions.  One run at a time: a machine runs under the host's lock, and no instruction gives the lock up or
// runs the host's code.  Whatever may do so, values that waited and the compiler, comes before the first instruction.
#pragma once
#include "machine_groups.h"

namespace bant {

struct MachineCode;   // machine.cpp

struct Machine {
    std::unique_ptr<Draft> draft;          // the program
    std::unique_ptr<MachineCode> code;     // arena and instructions
    std::vector<StepGroup> groups;         // once it is hot
    size_t native = 0;                     // how many of them the code runs as native kernels
    int64_t cost = 0;                      // of a run that is interpreted, in additions
    uint32_t runs = 0;                     // before it was hot
    bool settled = false;                  // the code will not become any better
    uint32_t improver = 0;                 // the process in which a thread is at work on the code, 0: none; a fork leaves it behind

    Machine();
    ~Machine();
    Machine(const Machine&) = delete;
};

// The program for inputs of these dtypes and shapes; null if something in it is not for a machine: a value that is not
// small, an operation that runs the host's code, slices among the outputs.
std::unique_ptr<Machine> make_machine(const Program& program, const std::vector<Meta>& inputs);

// Runs it on tensors with exactly the dtypes and shapes it was made for.  `outputs` receives one new reference for each of
// Program::outputs, null where that is absent.  An output that is an input is that very tensor.  Throws what the
// operations throw; `outputs` holds nothing then, and the next run starts afresh.
void run(Machine& machine, Tensor* const* inputs, Tensor** outputs);

struct MachineReport {
    size_t steps, instructions, native_kernels;   // of the program; of its code; of these
    size_t arena_bytes;
};
MachineReport report(const Machine& machine);

}  // namespace bant
