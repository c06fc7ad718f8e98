/* SPDX-License-Identifier: BSD-2-Clause */
#include "vm.h"

#include <runtime/aspace.h>
#include <runtime/client.h>
#include <runtime/cspace.h>
#include <runtime/pool.h>
#include <runtime/string.h>
#include <runtime/vcpu.h>
#include <runtime/vm.h>
#include <x86/paging.h>

#define READ_WRITE (NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE)

uint64_t vm_vm, vm_vcpu, vm_endpoint;
volatile struct nacelle_vcpu_state *vm_state;
struct guest_data *vm_data;
uint8_t *vm_xsave;

static struct nacelle_pool pool;

/* One large page: 64-bit mode, mapped to itself by one large page of the guest's own. */
static uint8_t *make_memory(void)
{
    uint64_t frame = nacelle_pool_need(&pool, NACELLE_TYPE_FRAME, NACELLE_SIZE_LARGE);
    uint8_t *memory = (uint8_t *)nacelle_pool_address(&pool, GUEST_SIZE, GUEST_SIZE);
    uint64_t copy, *tables = (uint64_t *)(void *)(memory + GUEST_TABLES);

    nacelle_check(nacelle_pool_slots(&pool, 1, &copy), "slot");
    nacelle_check(nacelle_cspace_copy(NACELLE_CLIENT_CSPACE, copy, frame, NACELLE_RIGHTS_ALL, 0),
                  "copy");
    nacelle_check(nacelle_aspace_map(NACELLE_CLIENT_ASPACE, frame, (uint64_t)memory, READ_WRITE),
                  "map");
    nacelle_check(nacelle_vm_map(vm_vm, copy, 0, READ_WRITE | NACELLE_RIGHT_EXECUTE), "map");
    tables[0] = (GUEST_TABLES + 0x1000) | X86_PTE_PRESENT | X86_PTE_WRITE;
    tables[512] = (GUEST_TABLES + 0x2000) | X86_PTE_PRESENT | X86_PTE_WRITE;
    tables[1024] = X86_PTE_PRESENT | X86_PTE_WRITE | X86_PTE_PAGE;
    return memory;
}

void vm_init(const struct nacelle_client_info *info)
{
    uint8_t *memory;

    nacelle_pool_init(&pool, info);
    vm_vm = nacelle_pool_need(&pool, NACELLE_TYPE_VM, NACELLE_SIZE_VM_MIN);
    vm_vcpu = nacelle_pool_need(&pool, NACELLE_TYPE_VCPU, NACELLE_SIZE_VCPU);
    vm_endpoint = nacelle_pool_need(&pool, NACELLE_TYPE_ENDPOINT, NACELLE_SIZE_ENDPOINT);
    vm_state = (struct nacelle_vcpu_state *)nacelle_pool_address(&pool, 4096, 4096);
    nacelle_check(
        nacelle_aspace_map(NACELLE_CLIENT_ASPACE, vm_vcpu, (uint64_t)vm_state, READ_WRITE),
        "map the state page");
    nacelle_check(nacelle_vcpu_configure(vm_vcpu, vm_vm, vm_endpoint), "configure");
    memory = make_memory();
    memcpy(memory + GUEST_CODE, guest_begin, (uintptr_t)guest_end - (uintptr_t)guest_begin);
    nacelle_choose_hypercalls(memory + GUEST_CODE, (uintptr_t)guest_end - (uintptr_t)guest_begin);
    vm_data = (struct guest_data *)(void *)(memory + GUEST_DATA);
    vm_xsave = memory + GUEST_XSAVE;
}
