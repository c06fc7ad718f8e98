/* SPDX-License-Identifier: BSD-2-Clause */
/* The board of a PC. */
#include <vmm/msr_policy.h>
#include <vmm/pc.h>
#include <x86/cpuid.h>

enum irq {
    IRQ_TIMER = 0,
    IRQ_KEYBOARD = 1,
    IRQ_COM1 = 4,
    IRQ_CLOCK = 8,
    IRQ_SCI = 9,
    IRQ_PCI = 10, /* and 11 */
};

#define E820_RAM 1

/* Where the board has what src/board.asl and the tables of ACPI name. */
#define ACPI_PM_PORTS   0x600
#define RESET_PORT      0xcf9 /* vmm/pci.h */
#define RESET_PORT_FULL 0x06
#define PCI_PINS        16

#define IRQS            16
#define TIMER_PIN       2 /* of the I/O APIC; pin 0 is the 8259's */

static void set_line(void *controller, unsigned gsi, bool level)
{
    struct vmm_pc *pc = controller;

    if (gsi < IRQS)
        vmm_pic_set(&pc->pic, gsi, level);
    vmm_ioapic_set(&pc->ioapic, gsi == IRQ_TIMER ? TIMER_PIN : gsi, level);
}

struct vmm_line vmm_pc_line(struct vmm_pc *pc, unsigned gsi)
{
    return (struct vmm_line){set_line, pc, gsi};
}

static bool add_apics(struct vmm_pc *pc, unsigned cpus)
{
    vmm_ioapic_init(&pc->ioapic, &pc->apic_bus);
    if (cpus < 1 || cpus > VMM_APIC_BUS_MAX)
        return false;
    for (unsigned i = 0; i < cpus; i++)
        if (!vmm_lapic_init(&pc->lapics[i], &pc->apic_bus, &pc->clock, i))
            return false;
    return vmm_lapic_add(&pc->apic_bus, &pc->mmio, &pc->msrs) &&
           vmm_ioapic_add(&pc->ioapic, &pc->mmio);
}

static bool add_processor(struct vmm_pc *pc, const struct vmm_pc_config *config)
{
    const struct vmm_cpuid_config cpuid = {config->cpuid, config->tsc_hz, config->cpus};

    if (!vmm_cpuid_init(&pc->cpuid, &cpuid))
        return false;
    vmm_mtrr_init(&pc->mtrr, vmm_cpuid_get(&pc->cpuid, X86_CPUID_ADDRESS_SIZES, 0).eax & 0xff);
    return vmm_mtrr_add(&pc->mtrr, &pc->msrs) && vmm_msr_policy_add(&pc->msrs, &pc->cpuid);
}

static bool add_ports(struct vmm_pc *pc)
{
    return vmm_pic_add_ports(&pc->pic, &pc->ports) && vmm_pit_add_ports(&pc->pit, &pc->ports) &&
           vmm_cmos_add_ports(&pc->cmos, &pc->ports) &&
           vmm_keyboard_add_ports(&pc->keyboard, &pc->ports) &&
           vmm_system_control_add_ports(&pc->system_control, &pc->ports) &&
           vmm_uart_add_ports(&pc->com1, &pc->ports, VMM_UART_COM1) &&
           vmm_acpi_pm_add_ports(&pc->acpi_pm, &pc->ports, ACPI_PM_PORTS) &&
           vmm_pci_add_ports(&pc->pci, &pc->ports) &&
           vmm_fw_cfg_add_ports(&pc->fw_cfg, &pc->ports) &&
           vmm_debug_port_add(&pc->debug, &pc->ports) &&
           vmm_pvpanic_add_ports(&pc->pvpanic, &pc->ports);
}

/* What SeaBIOS looks for in fw_cfg. Nobody could choose anything from a boot menu. */
static bool add_files(struct vmm_pc *pc, const struct vmm_pc_config *config)
{
    return vmm_fw_cfg_add(&pc->fw_cfg, "etc/e820", &pc->e820, sizeof(pc->e820)) &&
           vmm_fw_cfg_add_number(&pc->fw_cfg, "etc/show-boot-menu", 0) &&
           vmm_fw_cfg_add_number(&pc->fw_cfg, "etc/boot-fail-wait", config->boot_fail_wait);
}

/* PIRQA to PIRQD: at the 8259s two share an input each, as a PIIX has it after SeaBIOS has set it
 * up; at the I/O APIC each has one of its own, from pin 16 on, as src/board.asl tells. */
static void set_pci_line(void *controller, unsigned input, bool level)
{
    struct vmm_pc *pc = controller;
    unsigned pair = input / 2;

    pc->pci_levels &= (uint8_t) ~(1u << input);
    pc->pci_levels |= (uint8_t)(level << input);
    vmm_pic_set(&pc->pic, IRQ_PCI + pair, pc->pci_levels >> pair * 2 & 3);
    vmm_ioapic_set(&pc->ioapic, PCI_PINS + (input + 1) % VMM_PCI_LINES, level);
}

static void connect_pci(struct vmm_pc *pc)
{
    for (unsigned i = 0; i < VMM_PCI_LINES; i++) {
        pc->pci.lines[i] = (struct vmm_line){set_pci_line, pc, i};
        pc->pci.irqs[i] = (uint8_t)(IRQ_PCI + i / 2);
    }
    pc->pci.mmio = &pc->mmio;
    pc->pci.message = vmm_apic_bus_msi;
    pc->pci.message_context = &pc->apic_bus;
}

struct vmm_acpi_board vmm_pc_acpi_board(unsigned cpus)
{
    return (struct vmm_acpi_board){.cpus = cpus,
                                   .local_apic = VMM_LAPIC_ADDRESS,
                                   .io_apic = VMM_IOAPIC_ADDRESS,
                                   .pci_window = VMM_PCI_WINDOW,
                                   .pm_event = ACPI_PM_PORTS + VMM_ACPI_PM_EVENT,
                                   .pm_control = ACPI_PM_PORTS + VMM_ACPI_PM_CONTROL,
                                   .pm_timer = ACPI_PM_PORTS + VMM_ACPI_PM_TIMER,
                                   .reset_port = RESET_PORT,
                                   .reset_value = RESET_PORT_FULL,
                                   .sci = IRQ_SCI};
}

bool vmm_pc_init(struct vmm_pc *pc, const struct vmm_pc_config *config)
{
    *pc = (struct vmm_pc){.clock = {.now = config->tsc, .hz = config->tsc_hz},
                          .e820 = {0, config->memory, E820_RAM}};
    vmm_pic_init(&pc->pic);
    vmm_pit_init(&pc->pit, &pc->clock, vmm_pc_line(pc, IRQ_TIMER));
    vmm_cmos_init(&pc->cmos, &pc->clock, vmm_pc_line(pc, IRQ_CLOCK), config->memory,
                  config->unix_time);
    vmm_keyboard_init(&pc->keyboard, vmm_pc_line(pc, IRQ_KEYBOARD), &pc->reset);
    vmm_system_control_init(&pc->system_control, &pc->reset);
    vmm_uart_init(&pc->com1, &pc->clock, vmm_pc_line(pc, IRQ_COM1), &config->com1);
    vmm_acpi_pm_init(&pc->acpi_pm, &pc->clock, vmm_pc_line(pc, IRQ_SCI), &pc->reset);
    vmm_pci_init(&pc->pci, &pc->reset);
    connect_pci(pc);
    vmm_pci_host_bridge(&pc->host_bridge);
    vmm_fw_cfg_init(&pc->fw_cfg, &pc->memory, config->cpus);
    vmm_debug_port_init(&pc->debug, config->print, config->context);
    vmm_pvpanic_init(&pc->pvpanic, &config->pvpanic);
    return vmm_pci_add(&pc->pci, &pc->host_bridge) && add_apics(pc, config->cpus) &&
           vmm_pci_add_window(&pc->pci, &pc->mmio) && add_processor(pc, config) &&
           add_files(pc, config) && add_ports(pc);
}
