# SPDX-License-Identifier: MIT
"""gdb commands that know Verdigris: vg-cpus, vg-vms, vg-vcpus [VM], vg-regs VM INDEX.

`make debug` writes a gdbinit that loads this. All of them only read memory, so they work wherever the
machine was stopped; registers of a vCPU that is in a CPU right now are as old as its last slow exit.
"""
import gdb


def rows(head, type_name, member):
    """Walk a struct list_node; stop after a million, in case the list is broken."""
    kind = gdb.lookup_type(type_name)
    offset = next(f.bitpos // 8 for f in kind.fields() if f.name == member)
    node = head["next"]
    for _ in range(1000000):
        if node == head.address:
            return
        yield (node.cast(gdb.lookup_type("char").pointer()) - offset).cast(kind.pointer()).dereference()
        node = node["next"]


def vms():
    return rows(gdb.parse_and_eval("'core/vm.c'::all")["vms"], "struct vm", "link")


def vcpus(vm):
    for index in range(int(vm["vcpu_count"])):
        pointer = vm["vcpus"][index]
        if pointer:
            yield pointer.dereference()


def find_vm(name):
    for vm in vms():
        if vm["name"].string() == name:
            return vm
    raise gdb.GdbError(f"no VM is named {name}: vg-vms lists them")


class Command(gdb.Command):
    """A command whose help is its docstring and whose body is run(*words)."""

    def __init__(self, name):
        super().__init__(name, gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        try:
            self.run(*gdb.string_to_argv(argument))
        except TypeError:
            raise gdb.GdbError(self.__doc__) from None


class Cpus(Command):
    """vg-cpus: the host's CPUs and what each runs."""

    def run(self):
        count = int(gdb.parse_and_eval("cpu_count"))
        cpus = gdb.parse_and_eval("cpus")
        print(f"{'CPU':>4} {'online':6} {'ready':>5} running")
        for index in range(count):
            cpu = cpus[index].dereference()
            current = cpu["rq"]["current"]
            running = current["name"].string() if current else "(idle)"
            print(f"{index:4} {bool(cpu['online'])!s:6} {int(cpu['rq']['ready_count']):5} {running}")


class Vms(Command):
    """vg-vms: all VMs with state and reason."""

    def run(self):
        print(f"{'id':>4} {'name':16} {'state':12} {'vcpus':>5} reason")
        for vm in vms():
            state = str(vm["state"]).removeprefix("VM_")
            print(f"{int(vm['id']):4} {vm['name'].string():16} {state:12} {int(vm['vcpu_count']):5} "
                  f"{vm['reason'].string()}")


class Vcpus(Command):
    """vg-vcpus [VM]: vCPUs of one VM or of all, with guest program counter."""

    def run(self, name=None):
        print(f"{'vcpu':20} {'power':5} {'state':10} {'cpu':>4} {'hold':>4} {'exits':>10} pc")
        for vm in [find_vm(name)] if name else vms():
            for vcpu in vcpus(vm):
                power = str(vcpu["power"]).removeprefix("VCPU_")
                state = str(vcpu["se"]["state"]).removeprefix("SCHED_")
                print(f"{vcpu['name'].string():20} {power:5} {state:10} {int(vcpu['se']['cpu']):4} "
                      f"{int(vcpu['hold']):4} {int(vcpu['stats']['exits']):10} {int(vcpu['arch']['pc']):#x}")


class Regs(Command):
    """vg-regs VM INDEX: what is saved of one vCPU."""

    def run(self, name, index):
        chosen = [v for v in vcpus(find_vm(name)) if int(v["index"]) == int(index)]
        if not chosen:
            raise gdb.GdbError(f"{name} has no vCPU {index}: vg-vcpus {name} lists them")
        print(chosen[0]["arch"].format_string(format="x", repeat_threshold=0))


Cpus("vg-cpus")
Vms("vg-vms")
Vcpus("vg-vcpus")
Regs("vg-regs")
