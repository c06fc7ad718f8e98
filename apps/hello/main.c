/* SPDX-License-Identifier: BSD-2-Clause */
/* The shortest VMM client: one vCPU, one page of memory, 20 bytes of guest code. It shows the whole
 * interface; docs/vmm-guide.md walks through it. */
#include <runtime/aspace.h>
#include <runtime/client.h>
#include <runtime/cspace.h>
#include <runtime/ipc.h>
#include <runtime/names.h>
#include <runtime/pool.h>
#include <runtime/string.h>
#include <runtime/vcpu.h>
#include <runtime/vm.h>

#define CODE_GPA 0x1000u /* where the guest's code lies in its memory */
#define RAX      0
#define RBX      3
#define RSP      4

/* 16-bit real mode. */
static const uint8_t code[] = {
    0xb8, 0x34, 0x12, /* mov $0x1234, %ax */
    0x01, 0xd8,       /* add %bx, %ax     */
    0xe7, 0x80,       /* out %ax, $0x80   */
    0x0f, 0xa2,       /* cpuid            */
    0xe4, 0x60,       /* in $0x60, %al    */
    0x88, 0xc2,       /* mov %al, %dl     */
    0x66, 0x31, 0xff, /* xor %edi, %edi   */
    0x0f, 0x01, 0xc1, /* vmcall, vmmcall  */
    0xf4,             /* hlt              */
};

static struct nacelle_pool pool;
static uint64_t vm, vcpu, endpoint;

/* A page of memory with the code in it: written through our own address space, then mapped into
 * the VM. A frame capability maps at one place, so the first mapping goes away. */
static void make_memory(void)
{
    uint64_t frame = nacelle_pool_need(&pool, NACELLE_TYPE_FRAME, NACELLE_SIZE_PAGE);
    uint64_t address = nacelle_pool_address(&pool, 4096, 4096);
    const uint64_t read_write = NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE;

    nacelle_check(nacelle_aspace_map(NACELLE_CLIENT_ASPACE, frame, address, read_write), "map");
    memcpy((void *)address, code, sizeof(code));
    nacelle_choose_hypercalls((void *)address, sizeof(code));
    nacelle_check(nacelle_aspace_unmap(NACELLE_CLIENT_ASPACE, frame), "unmap");
    nacelle_check(nacelle_vm_map(vm, frame, CODE_GPA, NACELLE_RIGHTS_ALL & ~NACELLE_RIGHT_GRANT),
                  "map into the VM");
}

/* Starts the vCPU at the code, and not at the reset vector: the state page has its registers, in
 * groups that are fetched when needed and taken over when marked. */
static void set_start(struct nacelle_vcpu_state *state)
{
    nacelle_check(nacelle_vcpu_fetch(vcpu, NACELLE_GROUP_IP | NACELLE_GROUP_SEGMENTS), "fetch");
    state->segments[NACELLE_CS].selector = 0;
    state->segments[NACELLE_CS].base = 0;
    state->rip = CODE_GPA;
    state->dirty |= NACELLE_GROUP_IP | NACELLE_GROUP_SEGMENTS;
    nacelle_check(nacelle_vcpu_write_register(vcpu, RBX, 0x1111), "write rbx");
    nacelle_check(nacelle_vcpu_write_register(vcpu, RSP, 0x2000), "write rsp");
}

/* Prints an exit; returns true at the last one. */
static bool show(struct nacelle_vcpu_state *state)
{
    const struct nacelle_exit *exit = &state->exit;
    uint64_t value = 0;

    nacelle_check(nacelle_vcpu_read_register(vcpu, RAX, &value), "read rax");
    nacelle_print("exit at 0x%lx: %s, number 0x%x, value 0x%lx, %u bytes, rax 0x%lx\n", state->rip,
                  nacelle_exit_text(exit->kind), exit->number, exit->value, exit->size, value);
    /* registers can also be set in the state page itself */
    if (exit->kind == NACELLE_EXIT_PORT && (exit->flags & NACELLE_EXIT_READ))
        state->general[RAX] = 0x42;
    return exit->kind == NACELLE_EXIT_HLT;
}

int main(const struct nacelle_client_info *info)
{
    struct nacelle_message message = {0};
    struct nacelle_vcpu_state *state;
    enum nacelle_error error;
    uint64_t value = 0;

    nacelle_pool_init(&pool, info);
    vm = nacelle_pool_need(&pool, NACELLE_TYPE_VM, NACELLE_SIZE_VM_MIN);
    vcpu = nacelle_pool_need(&pool, NACELLE_TYPE_VCPU, NACELLE_SIZE_VCPU);
    endpoint = nacelle_pool_need(&pool, NACELLE_TYPE_ENDPOINT, NACELLE_SIZE_ENDPOINT);
    state = (struct nacelle_vcpu_state *)nacelle_pool_address(&pool, 4096, 4096);
    nacelle_check(nacelle_aspace_map(NACELLE_CLIENT_ASPACE, vcpu, (uint64_t)state,
                                     NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE),
                  "map the state page");
    nacelle_check(nacelle_vcpu_configure(vcpu, vm, endpoint), "configure");
    make_memory();
    set_start(state);
    nacelle_check(nacelle_vcpu_read_register(vcpu, RSP, &value), "read rsp");
    error = nacelle_vcpu_read_register(vcpu, 16, &value);
    nacelle_print("rsp is 0x%lx; register 16: %s\n", value, nacelle_error_text(error));

    nacelle_check(nacelle_vcpu_resume(vcpu), "resume");
    nacelle_check(nacelle_receive(endpoint, &message), "receive");
    while (!show(state)) { /* the reply resumes the vCPU, and the next message is its next exit */
        nacelle_check(nacelle_resume_receive(endpoint, NACELLE_RESUME_ADVANCE, &message), "reply");
    }
    nacelle_print("the guest has halted\n");
    return 0;
}
