/* SPDX-License-Identifier: BSD-2-Clause */
/* 8259A interrupt controllers (Intel data sheet 231468; ELCR: Intel 82371SB data sheet). */
#include <stddef.h>
#include <vmm/pic.h>

#define MASTER_COMMAND            0x20
#define MASTER_DATA               0x21
#define SLAVE_COMMAND             0xa0
#define SLAVE_DATA                0xa1
#define ELCR_MASTER               0x4d0
#define ELCR_SLAVE                0x4d1

#define CASCADE                   2 /* input of the master that the slave drives */

#define ICW1                      0x10 /* bit 4 of a command makes it ICW1 */
#define ICW1_NEEDS_ICW4           0x01
#define ICW1_SINGLE               0x02
#define ICW4_AUTO_EOI             0x02
#define ICW4_SPECIAL_FULLY_NESTED 0x10
#define OCW3                      0x08 /* bit 3 of a command that is not ICW1 makes it OCW3 */
#define OCW3_READ                 0x02
#define OCW3_READ_IN_SERVICE      0x01
#define OCW3_POLL                 0x04
#define OCW3_SET_SPECIAL_MASK     0x40
#define OCW3_SPECIAL_MASK         0x20

/* Inputs that are always edge-triggered: timer, keyboard, cascade; clock, processor error. */
#define ELCR_MASTER_MASK 0xf8
#define ELCR_SLAVE_MASK  0xde

static uint8_t bit(unsigned input)
{
    return (uint8_t)(1u << input);
}

/* The input in `set` with the highest priority, or -1. Priorities begin after `lowest`. */
static int highest(const struct vmm_pic_chip *chip, uint8_t set)
{
    for (unsigned i = 1; i <= 8; i++) {
        unsigned input = (chip->lowest + i) % 8;

        if (set & bit(input))
            return (int)input;
    }
    return -1;
}

/* Place of an input in the order of priority; 0 is the highest, 8 stands for none. */
static unsigned rank(const struct vmm_pic_chip *chip, int input)
{
    return input < 0 ? 8 : ((unsigned)input + 7 - chip->lowest) % 8;
}

static uint8_t requests(const struct vmm_pic_chip *chip)
{
    return (uint8_t)(chip->requests | (chip->levels & chip->level_triggered));
}

/* The input whose interrupt the chip asks for, or -1. */
static int chip_due(const struct vmm_pic_chip *chip, bool master)
{
    uint8_t in_service = chip->in_service;
    int input;

    if (chip->init_step)
        return -1;
    input = highest(chip, (uint8_t)(requests(chip) & ~chip->mask));
    /* In special mask mode an interrupt in service holds back nothing but itself. */
    if (chip->special_mask)
        return highest(chip, (uint8_t)(requests(chip) & ~chip->mask & ~in_service));
    /* Special fully nested: a slave in service does not hold back that slave. */
    if (master && chip->special_fully_nested && input == CASCADE)
        in_service &= (uint8_t)~bit(CASCADE);
    return rank(chip, input) < rank(chip, highest(chip, in_service)) ? input : -1;
}

static void chip_set(struct vmm_pic_chip *chip, unsigned input, bool level)
{
    if (level && !(chip->levels & bit(input)) && !(chip->level_triggered & bit(input)))
        chip->requests |= bit(input);
    if (level)
        chip->levels |= bit(input);
    else
        chip->levels &= (uint8_t)~bit(input);
}

/* The slave's INTR pin is an input of the master that follows at once. */
static void cascade(struct vmm_pic *pic)
{
    struct vmm_pic_chip *master = &pic->chips[0];

    if (chip_due(&pic->chips[1], false) >= 0) {
        master->levels |= bit(CASCADE);
        master->requests |= bit(CASCADE);
    } else {
        master->levels &= (uint8_t)~bit(CASCADE);
        master->requests &= (uint8_t)~bit(CASCADE);
    }
}

static void chip_acknowledge(struct vmm_pic_chip *chip, unsigned input)
{
    chip->requests &= (uint8_t)~bit(input);
    if (!chip->auto_eoi)
        chip->in_service |= bit(input);
    else if (chip->rotate_on_auto_eoi)
        chip->lowest = (uint8_t)input;
}

static void end_of_interrupt(struct vmm_pic_chip *chip, bool rotate)
{
    uint8_t candidates = chip->in_service;
    int input;

    /* A masked interrupt is not ended by a non-specific EOI in special mask mode. */
    if (chip->special_mask)
        candidates &= (uint8_t)~chip->mask;
    input = highest(chip, candidates);
    if (input < 0)
        return;
    chip->in_service &= (uint8_t)~bit((unsigned)input);
    if (rotate)
        chip->lowest = (uint8_t)input;
}

/* OCW2: bits 7-5 say what, bits 2-0 the input. */
static void write_ocw2(struct vmm_pic_chip *chip, uint8_t value)
{
    uint8_t input = value & 7;

    switch (value >> 5) {
    case 0: /* rotate in automatic EOI mode: clear */
        chip->rotate_on_auto_eoi = false;
        break;
    case 1: /* non-specific EOI */
        end_of_interrupt(chip, false);
        break;
    case 3: /* specific EOI */
        chip->in_service &= (uint8_t)~bit(input);
        break;
    case 4: /* rotate in automatic EOI mode: set */
        chip->rotate_on_auto_eoi = true;
        break;
    case 5: /* rotate on non-specific EOI */
        end_of_interrupt(chip, true);
        break;
    case 6: /* set priority */
        chip->lowest = input;
        break;
    case 7: /* rotate on specific EOI */
        chip->in_service &= (uint8_t)~bit(input);
        chip->lowest = input;
        break;
    default: /* 2: no operation */
        break;
    }
}

static void write_ocw3(struct vmm_pic_chip *chip, uint8_t value)
{
    if (value & OCW3_POLL)
        chip->poll = true;
    if (value & OCW3_READ)
        chip->read_in_service = value & OCW3_READ_IN_SERVICE;
    if (value & OCW3_SET_SPECIAL_MASK)
        chip->special_mask = value & OCW3_SPECIAL_MASK;
}

static void write_icw1(struct vmm_pic_chip *chip, uint8_t value)
{
    uint8_t levels = chip->levels, level_triggered = chip->level_triggered;

    *chip = (struct vmm_pic_chip){.levels = levels,
                                  .level_triggered = level_triggered,
                                  .lowest = 7,
                                  .init_step = 2,
                                  .single = value & ICW1_SINGLE,
                                  .needs_icw4 = value & ICW1_NEEDS_ICW4};
}

static void write_command(struct vmm_pic_chip *chip, uint8_t value)
{
    if (value & ICW1)
        write_icw1(chip, value);
    else if (value & OCW3)
        write_ocw3(chip, value);
    else
        write_ocw2(chip, value);
}

static void write_data(struct vmm_pic_chip *chip, uint8_t value)
{
    switch (chip->init_step) {
    case 2:
        chip->vector_base = value & 0xf8;
        chip->init_step = !chip->single ? 3 : chip->needs_icw4 ? 4 : 0;
        break;
    case 3: /* the wiring of a PC is fixed */
        chip->init_step = chip->needs_icw4 ? 4 : 0;
        break;
    case 4:
        chip->auto_eoi = value & ICW4_AUTO_EOI;
        chip->special_fully_nested = value & ICW4_SPECIAL_FULLY_NESTED;
        chip->init_step = 0;
        break;
    default:
        chip->mask = value;
        break;
    }
}

/* A poll is an acknowledge by software: bit 7 tells whether there was an interrupt. */
static uint8_t poll(struct vmm_pic_chip *chip, bool master)
{
    int input = chip_due(chip, master);

    chip->poll = false;
    if (input < 0)
        return 0;
    chip_acknowledge(chip, (unsigned)input);
    return (uint8_t)(0x80 | input);
}

static uint32_t pic_read(void *device, uint16_t port, unsigned size)
{
    struct vmm_pic *pic = device;
    bool slave = port >= SLAVE_COMMAND;
    struct vmm_pic_chip *chip = &pic->chips[slave];
    uint8_t value;

    (void)size;
    if (chip->poll) {
        value = poll(chip, !slave);
        cascade(pic);
        return value;
    }
    if (port == MASTER_DATA || port == SLAVE_DATA)
        return chip->mask;
    return chip->read_in_service ? chip->in_service : requests(chip);
}

static void pic_write(void *device, uint16_t port, unsigned size, uint32_t value)
{
    struct vmm_pic *pic = device;
    struct vmm_pic_chip *chip = &pic->chips[port >= SLAVE_COMMAND];

    (void)size;
    if (port == MASTER_DATA || port == SLAVE_DATA)
        write_data(chip, (uint8_t)value);
    else
        write_command(chip, (uint8_t)value);
    cascade(pic);
}

static uint32_t elcr_read(void *device, uint16_t port, unsigned size)
{
    struct vmm_pic *pic = device;

    (void)size;
    return pic->chips[port - ELCR_MASTER].level_triggered;
}

static void elcr_write(void *device, uint16_t port, unsigned size, uint32_t value)
{
    struct vmm_pic *pic = device;
    uint8_t allowed = port == ELCR_MASTER ? ELCR_MASTER_MASK : ELCR_SLAVE_MASK;

    (void)size;
    pic->chips[port - ELCR_MASTER].level_triggered = (uint8_t)value & allowed;
    cascade(pic);
}

void vmm_pic_init(struct vmm_pic *pic)
{
    *pic = (struct vmm_pic){0};
    for (unsigned i = 0; i < 2; i++) {
        pic->chips[i].lowest = 7;
        pic->chips[i].init_step = 1; /* asks for nothing before ICW1 */
    }
}

bool vmm_pic_add_ports(struct vmm_pic *pic, struct vmm_ports *ports)
{
    const struct vmm_port_range ranges[] = {
        {MASTER_COMMAND, MASTER_DATA, 1, pic_read, pic_write, pic},
        {SLAVE_COMMAND, SLAVE_DATA, 1, pic_read, pic_write, pic},
        {ELCR_MASTER, ELCR_SLAVE, 1, elcr_read, elcr_write, pic},
    };

    return vmm_ports_add(ports, &ranges[0]) && vmm_ports_add(ports, &ranges[1]) &&
           vmm_ports_add(ports, &ranges[2]);
}

void vmm_pic_set(void *controller, unsigned input, bool level)
{
    struct vmm_pic *pic = controller;

    if (input > 15 || input == CASCADE)
        return;
    chip_set(&pic->chips[input / 8], input % 8, level);
    cascade(pic);
}

int vmm_pic_due(const struct vmm_pic *pic)
{
    int input = chip_due(&pic->chips[0], true);

    if (input != CASCADE)
        return input;
    input = chip_due(&pic->chips[1], false);
    /* A slave that lost its request in between answers with its input 7. */
    return input < 0 ? 15 : input + 8;
}

uint8_t vmm_pic_vector(const struct vmm_pic *pic, unsigned input)
{
    return (uint8_t)(pic->chips[input / 8 & 1].vector_base | (input & 7));
}

void vmm_pic_acknowledge(struct vmm_pic *pic, unsigned input)
{
    if (input > 15)
        return;
    if (input >= 8) {
        chip_acknowledge(&pic->chips[1], input - 8);
        chip_acknowledge(&pic->chips[0], CASCADE);
    } else {
        chip_acknowledge(&pic->chips[0], input);
    }
    cascade(pic);
}
