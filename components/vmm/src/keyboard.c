/* SPDX-License-Identifier: BSD-2-Clause */
/* 8042 keyboard controller (IBM PS/2 Hardware Interface Technical Reference, "Keyboard and
 * auxiliary device controller", and "Keyboards"). */
#include <stddef.h>
#include <vmm/keyboard.h>

#define PORT_DATA          0x60
#define PORT_COMMAND       0x64

#define STATUS_OUTPUT_FULL 0x01
#define STATUS_SYSTEM      0x04
#define STATUS_COMMAND     0x08
#define STATUS_NOT_LOCKED  0x10
#define STATUS_FROM_MOUSE  0x20

#define BYTE_KEYBOARD_IRQ  0x01
#define BYTE_SYSTEM        0x04
#define BYTE_KEYBOARD_OFF  0x10
#define BYTE_MOUSE_OFF     0x20
#define BYTE_TRANSLATE     0x40

#define OUTPUT_RESET_NOT   0x01 /* the processor is reset while this is 0 */
#define OUTPUT_A20         0x02

enum controller_command {
    READ_COMMAND_BYTE = 0x20,
    WRITE_COMMAND_BYTE = 0x60,
    MOUSE_OFF = 0xa7,
    MOUSE_ON = 0xa8,
    TEST_MOUSE_PORT = 0xa9,
    SELF_TEST = 0xaa,
    TEST_KEYBOARD_PORT = 0xab,
    KEYBOARD_OFF = 0xad,
    KEYBOARD_ON = 0xae,
    READ_INPUT_PORT = 0xc0,
    READ_OUTPUT_PORT = 0xd0,
    WRITE_OUTPUT_PORT = 0xd1,
    WRITE_KEYBOARD_BUFFER = 0xd2,
    WRITE_MOUSE_BUFFER = 0xd3,
    WRITE_MOUSE = 0xd4,
    A20_OFF = 0xdd,
    A20_ON = 0xdf,
    PULSE_FIRST = 0xf0, /* bits 3-0: output lines that are not pulsed */
};

#define SELF_TEST_PASSED      0x55
#define PORT_TEST_PASSED      0x00
#define INPUT_PORT_NOT_LOCKED 0x80

enum keyboard_command {
    SET_LEDS = 0xed,
    ECHO = 0xee,
    SET_SCAN_CODES = 0xf0,
    IDENTIFY = 0xf2,
    SET_RATE = 0xf3,
    ENABLE = 0xf4,
    DISABLE = 0xf5,
    SET_DEFAULTS = 0xf6,
    RESET = 0xff,
};

#define ACKNOWLEDGE       0xfa
#define RESEND            0xfe
#define BASIC_TEST_PASSED 0xaa

/* The interrupt line follows the output buffer. */
static void update(struct vmm_keyboard *keyboard)
{
    bool from_mouse = keyboard->from_mouse & 1;

    vmm_line_set(&keyboard->irq,
                 keyboard->queued && !from_mouse && (keyboard->command_byte & BYTE_KEYBOARD_IRQ));
}

static void queue(struct vmm_keyboard *keyboard, uint8_t value, bool from_mouse)
{
    if (keyboard->queued == VMM_KEYBOARD_QUEUE)
        return; /* the guest does not read: more would not help it */
    keyboard->queue[keyboard->queued] = value;
    if (from_mouse)
        keyboard->from_mouse |= (uint8_t)(1u << keyboard->queued);
    keyboard->queued++;
    update(keyboard);
}

static void reply(struct vmm_keyboard *keyboard, uint8_t value)
{
    queue(keyboard, value, false);
}

static uint8_t take(struct vmm_keyboard *keyboard)
{
    uint8_t value = keyboard->queue[0];

    if (!keyboard->queued)
        return value; /* the last byte stays in the buffer */
    keyboard->queued--;
    for (unsigned i = 0; i < keyboard->queued; i++)
        keyboard->queue[i] = keyboard->queue[i + 1];
    keyboard->from_mouse >>= 1;
    /* the line goes down between two bytes, so that each makes an edge */
    vmm_line_set(&keyboard->irq, false);
    update(keyboard);
    return value;
}

static void set_output_port(struct vmm_keyboard *keyboard, uint8_t value)
{
    keyboard->output_port = value;
    if (!(value & OUTPUT_RESET_NOT))
        keyboard->reset->requested = true;
}

static void keyboard_command(struct vmm_keyboard *keyboard, uint8_t value)
{
    switch (value) {
    case SET_LEDS:
    case SET_SCAN_CODES:
    case SET_RATE:
        reply(keyboard, ACKNOWLEDGE);
        keyboard->pending_keyboard = value;
        break;
    case ECHO:
        reply(keyboard, ECHO);
        break;
    case IDENTIFY: /* a keyboard with 101 keys, through the translation */
        reply(keyboard, ACKNOWLEDGE);
        reply(keyboard, 0xab);
        reply(keyboard, keyboard->command_byte & BYTE_TRANSLATE ? 0x41 : 0x83);
        break;
    case ENABLE:
    case DISABLE:
    case SET_DEFAULTS:
        reply(keyboard, ACKNOWLEDGE);
        break;
    case RESET:
        reply(keyboard, ACKNOWLEDGE);
        reply(keyboard, BASIC_TEST_PASSED);
        break;
    default:
        reply(keyboard, RESEND);
        break;
    }
}

static void keyboard_data(struct vmm_keyboard *keyboard, uint8_t value)
{
    bool asks = keyboard->pending_keyboard == SET_SCAN_CODES && value == 0;

    keyboard->pending_keyboard = 0;
    reply(keyboard, ACKNOWLEDGE);
    if (asks)
        reply(keyboard, keyboard->command_byte & BYTE_TRANSLATE ? 0x41 : 0x02);
}

/* A byte to port 60h that belongs to a command of the controller. */
static void controller_data(struct vmm_keyboard *keyboard, uint8_t value)
{
    switch (keyboard->pending_command) {
    case WRITE_COMMAND_BYTE:
        keyboard->command_byte = value;
        update(keyboard);
        break;
    case WRITE_OUTPUT_PORT:
        set_output_port(keyboard, value);
        break;
    case WRITE_KEYBOARD_BUFFER:
        reply(keyboard, value);
        break;
    case WRITE_MOUSE_BUFFER:
        queue(keyboard, value, true);
        break;
    default: /* to the mouse, which is not there and does not answer */
        break;
    }
    keyboard->pending_command = 0;
}

static void set_byte(struct vmm_keyboard *keyboard, uint8_t bits, bool on)
{
    keyboard->command_byte =
        (uint8_t)(on ? keyboard->command_byte | bits : keyboard->command_byte & ~bits);
}

static void controller_command(struct vmm_keyboard *keyboard, uint8_t value)
{
    keyboard->pending_command = 0;
    switch (value) {
    case READ_COMMAND_BYTE:
        reply(keyboard, keyboard->command_byte);
        break;
    case WRITE_COMMAND_BYTE:
    case WRITE_OUTPUT_PORT:
    case WRITE_KEYBOARD_BUFFER:
    case WRITE_MOUSE_BUFFER:
    case WRITE_MOUSE:
        keyboard->pending_command = value;
        break;
    case MOUSE_OFF:
        set_byte(keyboard, BYTE_MOUSE_OFF, true);
        break;
    case MOUSE_ON:
        set_byte(keyboard, BYTE_MOUSE_OFF, false);
        break;
    case KEYBOARD_OFF:
        set_byte(keyboard, BYTE_KEYBOARD_OFF, true);
        break;
    case KEYBOARD_ON:
        set_byte(keyboard, BYTE_KEYBOARD_OFF, false);
        break;
    case SELF_TEST:
        set_byte(keyboard, BYTE_SYSTEM, true);
        reply(keyboard, SELF_TEST_PASSED);
        break;
    case TEST_MOUSE_PORT:
    case TEST_KEYBOARD_PORT:
        reply(keyboard, PORT_TEST_PASSED);
        break;
    case READ_INPUT_PORT:
        reply(keyboard, INPUT_PORT_NOT_LOCKED);
        break;
    case READ_OUTPUT_PORT:
        reply(keyboard, keyboard->output_port);
        break;
    case A20_OFF:
        set_output_port(keyboard, keyboard->output_port & (uint8_t)~OUTPUT_A20);
        break;
    case A20_ON:
        set_output_port(keyboard, keyboard->output_port | OUTPUT_A20);
        break;
    default:
        if (value >= PULSE_FIRST && !(value & OUTPUT_RESET_NOT))
            keyboard->reset->requested = true;
        break;
    }
}

static uint32_t keyboard_read(void *device, uint16_t port, unsigned size)
{
    struct vmm_keyboard *keyboard = device;

    (void)size;
    if (port == PORT_DATA)
        return take(keyboard);
    return STATUS_NOT_LOCKED | (keyboard->queued ? STATUS_OUTPUT_FULL : 0u) |
           (keyboard->queued && keyboard->from_mouse & 1 ? STATUS_FROM_MOUSE : 0u) |
           (keyboard->command_byte & BYTE_SYSTEM ? STATUS_SYSTEM : 0u) |
           (keyboard->last_was_command ? STATUS_COMMAND : 0u);
}

static void keyboard_write(void *device, uint16_t port, unsigned size, uint32_t value)
{
    struct vmm_keyboard *keyboard = device;

    (void)size;
    keyboard->last_was_command = port == PORT_COMMAND;
    if (port == PORT_COMMAND)
        controller_command(keyboard, (uint8_t)value);
    else if (keyboard->pending_command)
        controller_data(keyboard, (uint8_t)value);
    else if (keyboard->pending_keyboard)
        keyboard_data(keyboard, (uint8_t)value);
    else
        keyboard_command(keyboard, (uint8_t)value);
}

void vmm_keyboard_init(struct vmm_keyboard *keyboard, struct vmm_line irq, struct vmm_reset *reset)
{
    *keyboard = (struct vmm_keyboard){.irq = irq, .reset = reset};
    keyboard->command_byte = BYTE_TRANSLATE | BYTE_MOUSE_OFF;
    keyboard->output_port = OUTPUT_RESET_NOT | OUTPUT_A20;
}

bool vmm_keyboard_add_ports(struct vmm_keyboard *keyboard, struct vmm_ports *ports)
{
    const struct vmm_port_range data = {PORT_DATA,     PORT_DATA,      1,
                                        keyboard_read, keyboard_write, keyboard};
    const struct vmm_port_range command = {PORT_COMMAND,  PORT_COMMAND,   1,
                                           keyboard_read, keyboard_write, keyboard};

    return vmm_ports_add(ports, &data) && vmm_ports_add(ports, &command);
}
