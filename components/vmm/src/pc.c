/* SPDX-License-Identifier: BSD-2-Clause */
/* The board of a PC. */
#include <vmm/pc.h>

enum irq {
    IRQ_TIMER = 0,
    IRQ_KEYBOARD = 1,
    IRQ_COM1 = 4,
    IRQ_CLOCK = 8,
    IRQ_SCI = 9,
    IRQ_PCI_AB = 10,
    IRQ_PCI_CD = 11,
};

#define E820_RAM        1

/* Where the board has what src/board.asl and the tables of ACPI name. */
#define LOCAL_APIC      0xfee00000u
#define IO_APIC         0xfec00000u
#define ACPI_PM_PORTS   0x600
#define RESET_PORT      0xcf9 /* vmm/pci.h */
#define RESET_PORT_FULL 0x06

static struct vmm_line line(struct vmm_pc *pc, enum irq irq)
{
    return (struct vmm_line){vmm_pic_set, &pc->pic, irq};
}

/* MSRs that system software takes for granted on any processor with the CPUID that we show. */
static bool add_msrs(struct vmm_msrs *msrs)
{
    static const struct vmm_msr_range ranges[] = {
        {0x8b, 0x8b, 0, VMM_MSR_WRITE_IGNORED},   /* microcode version */
        {0x1a0, 0x1a0, 1, VMM_MSR_WRITE_IGNORED}, /* MISC_ENABLE: fast strings */
    };

    for (unsigned i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
        if (!vmm_msr_add(msrs, &ranges[i]))
            return false;
    return true;
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
           vmm_debug_port_add(&pc->debug, &pc->ports);
}

/* What SeaBIOS looks for in fw_cfg. Nobody could choose anything from a boot menu. */
static bool add_files(struct vmm_pc *pc, const struct vmm_pc_config *config)
{
    return vmm_fw_cfg_add(&pc->fw_cfg, "etc/e820", &pc->e820, sizeof(pc->e820)) &&
           vmm_fw_cfg_add_number(&pc->fw_cfg, "etc/show-boot-menu", 0) &&
           vmm_fw_cfg_add_number(&pc->fw_cfg, "etc/boot-fail-wait", config->boot_fail_wait);
}

/* The lines of the PCI bus go where a PIIX's go after SeaBIOS has set it up. */
static void connect_pci(struct vmm_pc *pc)
{
    static const enum irq irqs[VMM_PCI_LINES] = {IRQ_PCI_AB, IRQ_PCI_AB, IRQ_PCI_CD, IRQ_PCI_CD};

    for (unsigned i = 0; i < VMM_PCI_LINES; i++)
        pc->pci.lines[i] = line(pc, irqs[i]);
    pc->pci.mmio = &pc->mmio;
}

struct vmm_acpi_board vmm_pc_acpi_board(unsigned cpus)
{
    return (struct vmm_acpi_board){.cpus = cpus,
                                   .local_apic = LOCAL_APIC,
                                   .io_apic = IO_APIC,
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
    vmm_cpuid_init(&pc->cpuid, config->cpuid);
    vmm_pic_init(&pc->pic);
    vmm_pit_init(&pc->pit, &pc->clock, line(pc, IRQ_TIMER));
    vmm_cmos_init(&pc->cmos, &pc->clock, line(pc, IRQ_CLOCK), config->memory, config->unix_time);
    vmm_keyboard_init(&pc->keyboard, line(pc, IRQ_KEYBOARD), &pc->reset);
    vmm_system_control_init(&pc->system_control, &pc->reset);
    vmm_uart_init(&pc->com1, &pc->clock, line(pc, IRQ_COM1), &config->com1);
    vmm_acpi_pm_init(&pc->acpi_pm, &pc->clock, line(pc, IRQ_SCI), &pc->reset);
    vmm_pci_init(&pc->pci, &pc->reset);
    connect_pci(pc);
    vmm_pci_host_bridge(&pc->host_bridge);
    vmm_fw_cfg_init(&pc->fw_cfg, &pc->memory, config->cpus);
    vmm_debug_port_init(&pc->debug, config->print, config->context);
    return vmm_pci_add(&pc->pci, &pc->host_bridge) && add_msrs(&pc->msrs) &&
           add_files(pc, config) && add_ports(pc);
}
