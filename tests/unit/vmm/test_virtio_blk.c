/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtio block device and the disk behind it: VIRTIO 1.2, 5.2. */
#include "virtio_test.h"

#include <vmm/disk.h>

#define SECTOR     512ul
#define IMAGE_SIZE (10 * 4096ul + 3 * SECTOR) /* the last block is not whole */
#define OVERLAY    4ul
#define ALL        (VMM_VIRTIO_F_VERSION_1 | VMM_VIRTIO_F_INDIRECT_DESC | VMM_VIRTIO_F_EVENT_IDX)

#define HEADER     BUFFERS
#define STATUS     (BUFFERS + 0x100)
#define DATA       (BUFFERS + 0x1000)

enum {
    IN = 0,
    OUT = 1,
    FLUSH = 4,
    GET_ID = 8
};

static uint8_t image[IMAGE_SIZE], overlay[OVERLAY * 4096];
static uint32_t places[11];
static struct vmm_disk disk;
static struct vmm_virtio_blk blk;

static void make_disk(uint32_t capacity)
{
    struct vmm_blk_store store;

    make_bus();
    for (unsigned i = 0; i < IMAGE_SIZE; i++)
        image[i] = (uint8_t)(i / SECTOR * 7 + i);
    memset(places, 0, sizeof(places));
    memset(overlay, 0xee, sizeof(overlay));
    vmm_disk_init(&disk, image, IMAGE_SIZE + 100, places, overlay, capacity);
    store = vmm_disk_store(&disk);
    vmm_virtio_blk_init(&blk, &memory, 1, &store, "disk-of-test");
    plug_in(&blk.virtio);
    start(&blk.virtio, ALL);
}

static int make(void **state)
{
    (void)state;
    make_disk(OVERLAY);
    return 0;
}

static void put_header(uint32_t type, uint64_t sector)
{
    const uint32_t words[4] = {type, 0, (uint32_t)sector, (uint32_t)(sector >> 32)};

    memcpy(ram + HEADER, words, sizeof(words));
    ram[STATUS] = 0xaa;
}

/* A request in three descriptors. Returns its status. */
static uint8_t request(uint32_t type, uint64_t sector, uint64_t size)
{
    const struct piece pieces[] = {
        {HEADER, 16, false}, {DATA, (uint32_t)size, type != OUT}, {STATUS, 1, true}};
    uint32_t written = 0;

    put_header(type, sector);
    put_chain(0, pieces, 3);
    kick(&blk.virtio, 0);
    assert_int_equal(came_back(0), 1);
    take_used(0, &written);
    assert_int_equal(written, type != OUT ? size + 1 : 1);
    return ram[STATUS];
}

static void the_configuration(void **state)
{
    (void)state;
    assert_int_equal(config_get(1, 2, 2), 0x1042);
    assert_int_equal(offered_features(&blk.virtio), ALL | 1 << 2 | 1 << 6 | 1 << 9);
    assert_int_equal(reg_get(&blk.virtio, VMM_VIRTIO_CONFIG, 4), IMAGE_SIZE / SECTOR);
    assert_int_equal(reg_get(&blk.virtio, VMM_VIRTIO_CONFIG + 4, 4), 0);
    assert_int_equal(reg_get(&blk.virtio, VMM_VIRTIO_CONFIG + 12, 4), 254);
    assert_int_equal(reg_get(&blk.virtio, VMM_VIRTIO_CONFIG + 20, 4), 512);
}

static void sectors_are_read(void **state)
{
    (void)state;
    assert_int_equal(request(IN, 0, SECTOR), 0);
    assert_memory_equal(ram + DATA, image, SECTOR);
    assert_int_equal(request(IN, 3, 82 * SECTOR - 3 * SECTOR), 0);
    assert_memory_equal(ram + DATA, image + 3 * SECTOR, 79 * SECTOR);
    assert_int_equal(request(IN, 82, SECTOR), 0); /* the last one */
    assert_memory_equal(ram + DATA, image + 82 * SECTOR, SECTOR);
}

static void what_was_written_is_read(void **state)
{
    (void)state;
    memset(ram + DATA, 0x11, 3 * SECTOR);
    assert_int_equal(request(OUT, 7, 3 * SECTOR), 0); /* in two blocks */
    assert_int_equal(request(IN, 0, 24 * SECTOR), 0);
    assert_memory_equal(ram + DATA, image, 7 * SECTOR);
    for (unsigned i = 7 * SECTOR; i < 10 * SECTOR; i++)
        assert_int_equal(ram[DATA + i], 0x11);
    assert_memory_equal(ram + DATA + 10 * SECTOR, image + 10 * SECTOR, 14 * SECTOR);
    assert_int_equal(disk.used, 2);
    memset(ram + DATA, 0x22, SECTOR);
    assert_int_equal(request(OUT, 82, SECTOR), 0);
    assert_int_equal(request(IN, 80, 3 * SECTOR), 0);
    assert_memory_equal(ram + DATA, image + 80 * SECTOR, 1024);
    assert_int_equal(ram[DATA + 1024], 0x22);
    assert_int_equal(request(FLUSH, 0, 0), 0);
}

static void a_full_overlay_is_an_error(void **state)
{
    (void)state;
    for (unsigned i = 0; i < OVERLAY; i++)
        assert_int_equal(request(OUT, i * 8ul, SECTOR), 0);
    assert_int_equal(request(OUT, OVERLAY * 8, SECTOR), 1);
    assert_int_equal(request(OUT, 5, SECTOR), 0); /* a block that is there already */
    assert_int_equal(reg_get(&blk.virtio, 20, 1), 15);
}

static void a_disk_without_overlay_is_read_only(void **state)
{
    (void)state;
    make_disk(0);
    assert_int_equal(offered_features(&blk.virtio) & 1 << 5, 1 << 5);
    assert_int_equal(request(OUT, 0, SECTOR), 1);
    assert_int_equal(request(IN, 0, 20 * SECTOR), 0);
    assert_memory_equal(ram + DATA, image, 20 * SECTOR);
}

static void bad_requests_are_errors(void **state)
{
    static const struct {
        uint32_t type, size;
        uint64_t sector;
        uint8_t status;
    } requests[] = {
        {IN, SECTOR, 83, 1}, {IN, 1024, 82, 1},           {IN, 100, 0, 1},
        {IN, 513, 0, 1},     {IN, SECTOR, UINT64_MAX, 1}, {OUT, SECTOR, 83, 1},
        {OUT, 511, 0, 1},    {IN, SECTOR, 1ull << 55, 1}, {GET_ID, 19, 0, 1},
        {11, SECTOR, 0, 2},  {7, SECTOR, 0, 2},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
        assert_int_equal(request(requests[i].type, requests[i].sector, requests[i].size),
                         requests[i].status);
    assert_int_equal(reg_get(&blk.virtio, 20, 1), 15);
}

static void the_serial_number(void **state)
{
    (void)state;
    assert_int_equal(request(GET_ID, 0, 20), 0);
    assert_memory_equal(ram + DATA, "disk-of-test\0\0\0\0\0\0\0\0", 20);
}

/* 2.7.4.1: nothing may be assumed of how a request is divided. */
static void requests_may_be_in_any_pieces(void **state)
{
    static const struct piece in[] = {{HEADER, 3, false},
                                      {HEADER + 3, 13, false},
                                      {DATA, 100, true},
                                      {DATA + 100, 1000, true},
                                      {DATA + 1100, 437, true}}; /* 3 sectors and the status */
    static const struct piece out[] = {{HEADER, 16, false},
                                       {DATA, 1, false},
                                       {DATA + 1, 1300, false},
                                       {DATA + 1301, 235, false},
                                       {STATUS, 1, true}};
    uint32_t written;

    (void)state;
    put_header(IN, 9);
    put_chain(0, in, 5);
    kick(&blk.virtio, 0);
    take_used(0, &written);
    assert_int_equal(written, 1537);
    assert_memory_equal(ram + DATA, image + 9 * SECTOR, 1536);
    assert_int_equal(ram[DATA + 1536], 0);

    for (unsigned i = 0; i < 1536; i++)
        ram[DATA + i] = (uint8_t)(i * 3);
    put_header(OUT, 20);
    put_chain(0, out, 5);
    kick(&blk.virtio, 0);
    take_used(0, &written);
    assert_int_equal(ram[STATUS], 0);
    assert_int_equal(request(IN, 20, 1536), 0);
    for (unsigned i = 0; i < 1536; i++)
        assert_int_equal(ram[DATA + i], (uint8_t)(i * 3));
}

static void what_is_no_request_needs_a_reset(void **state)
{
    static const struct piece short_header[] = {{HEADER, 15, false}, {STATUS, 1, true}};
    static const struct piece no_status[] = {{HEADER, 16, false}};

    (void)state;
    put_chain(0, short_header, 2);
    kick(&blk.virtio, 0);
    assert_int_equal(reg_get(&blk.virtio, 20, 1), 15 | 64);
    start(&blk.virtio, ALL);
    put_chain(0, no_status, 1);
    kick(&blk.virtio, 0);
    assert_int_equal(reg_get(&blk.virtio, 20, 1), 15 | 64);
}

/* Any requests, against a copy of the disk. */
static void random_requests(void **state)
{
    static uint8_t copy[IMAGE_SIZE], big_overlay[11 * 4096];
    uint64_t random = 88172645463325252ull;

    (void)state;
    vmm_disk_init(&disk, image, IMAGE_SIZE, places, big_overlay, 11);
    memcpy(copy, image, sizeof(copy));
    for (unsigned i = 0; i < 3000; i++) {
        uint64_t word = next_random(&random);
        uint32_t sector = (uint32_t)word % 83, count = (uint32_t)(word >> 16) % (84 - sector);

        if (word >> 40 & 1) {
            for (unsigned j = 0; j < count * SECTOR; j++)
                ram[DATA + j] = (uint8_t)(j + i);
            assert_int_equal(request(OUT, sector, count * SECTOR), 0);
            memcpy(copy + sector * SECTOR, ram + DATA, count * SECTOR);
        } else {
            assert_int_equal(request(IN, sector, count * SECTOR), 0);
            assert_memory_equal(ram + DATA, copy + sector * SECTOR, count * SECTOR);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_configuration, make),
        cmocka_unit_test_setup(sectors_are_read, make),
        cmocka_unit_test_setup(what_was_written_is_read, make),
        cmocka_unit_test_setup(a_full_overlay_is_an_error, make),
        cmocka_unit_test_setup(a_disk_without_overlay_is_read_only, make),
        cmocka_unit_test_setup(bad_requests_are_errors, make),
        cmocka_unit_test_setup(the_serial_number, make),
        cmocka_unit_test_setup(requests_may_be_in_any_pieces, make),
        cmocka_unit_test_setup(what_is_no_request_needs_a_reset, make),
        cmocka_unit_test_setup(random_requests, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
