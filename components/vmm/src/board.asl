// SPDX-License-Identifier: BSD-2-Clause
//
// What the board of vmm/pc.h is made of, for ACPI (ACPI 6.4, chapter 19 has the language). The
// addresses are those of vmm/acpi.h and vmm/pc.h.

DefinitionBlock ("", "DSDT", 2, "NACELL", "NACELLE", 1)
{
    Name (\_S5, Package () { 5, 5, Zero, Zero }) // VMM_ACPI_SLEEP_OFF

    Scope (\_SB)
    {
        Device (PCI0)
        {
            Name (_HID, EisaId ("PNP0A03"))
            Name (_UID, Zero)
            Name (_BBN, Zero)
            Name (_CRS, ResourceTemplate ()
            {
                WordBusNumber (ResourceProducer, MinFixed, MaxFixed, PosDecode,
                    0, 0, 0, 0, 1)
                IO (Decode16, 0xcf8, 0xcf8, 1, 8)
                WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange,
                    0, 0, 0xcf7, 0, 0xcf8)
                WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange,
                    0, 0xd00, 0xffff, 0, 0xf300)
                DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, NonCacheable,
                    ReadWrite, 0, 0xc0000000, 0xfebfffff, 0, 0x3ec00000)
            })
            // INTA to INTD of a device go to inputs 16 to 19 of the I/O APIC, turned by one for each.
            Name (_PRT, Package ()
            {
                Package () { 0x0001ffff, 0, 0, 17 }, Package () { 0x0001ffff, 1, 0, 18 },
                Package () { 0x0001ffff, 2, 0, 19 }, Package () { 0x0001ffff, 3, 0, 16 },
                Package () { 0x0002ffff, 0, 0, 18 }, Package () { 0x0002ffff, 1, 0, 19 },
                Package () { 0x0002ffff, 2, 0, 16 }, Package () { 0x0002ffff, 3, 0, 17 },
                Package () { 0x0003ffff, 0, 0, 19 }, Package () { 0x0003ffff, 1, 0, 16 },
                Package () { 0x0003ffff, 2, 0, 17 }, Package () { 0x0003ffff, 3, 0, 18 },
                Package () { 0x0004ffff, 0, 0, 16 }, Package () { 0x0004ffff, 1, 0, 17 },
                Package () { 0x0004ffff, 2, 0, 18 }, Package () { 0x0004ffff, 3, 0, 19 },
                Package () { 0x0005ffff, 0, 0, 17 }, Package () { 0x0005ffff, 1, 0, 18 },
                Package () { 0x0005ffff, 2, 0, 19 }, Package () { 0x0005ffff, 3, 0, 16 },
                Package () { 0x0006ffff, 0, 0, 18 }, Package () { 0x0006ffff, 1, 0, 19 },
                Package () { 0x0006ffff, 2, 0, 16 }, Package () { 0x0006ffff, 3, 0, 17 },
                Package () { 0x0007ffff, 0, 0, 19 }, Package () { 0x0007ffff, 1, 0, 16 },
                Package () { 0x0007ffff, 2, 0, 17 }, Package () { 0x0007ffff, 3, 0, 18 },
                Package () { 0x0008ffff, 0, 0, 16 }, Package () { 0x0008ffff, 1, 0, 17 },
                Package () { 0x0008ffff, 2, 0, 18 }, Package () { 0x0008ffff, 3, 0, 19 },
                Package () { 0x0009ffff, 0, 0, 17 }, Package () { 0x0009ffff, 1, 0, 18 },
                Package () { 0x0009ffff, 2, 0, 19 }, Package () { 0x0009ffff, 3, 0, 16 },
                Package () { 0x000affff, 0, 0, 18 }, Package () { 0x000affff, 1, 0, 19 },
                Package () { 0x000affff, 2, 0, 16 }, Package () { 0x000affff, 3, 0, 17 },
                Package () { 0x000bffff, 0, 0, 19 }, Package () { 0x000bffff, 1, 0, 16 },
                Package () { 0x000bffff, 2, 0, 17 }, Package () { 0x000bffff, 3, 0, 18 },
                Package () { 0x000cffff, 0, 0, 16 }, Package () { 0x000cffff, 1, 0, 17 },
                Package () { 0x000cffff, 2, 0, 18 }, Package () { 0x000cffff, 3, 0, 19 },
                Package () { 0x000dffff, 0, 0, 17 }, Package () { 0x000dffff, 1, 0, 18 },
                Package () { 0x000dffff, 2, 0, 19 }, Package () { 0x000dffff, 3, 0, 16 },
                Package () { 0x000effff, 0, 0, 18 }, Package () { 0x000effff, 1, 0, 19 },
                Package () { 0x000effff, 2, 0, 16 }, Package () { 0x000effff, 3, 0, 17 },
                Package () { 0x000fffff, 0, 0, 19 }, Package () { 0x000fffff, 1, 0, 16 },
                Package () { 0x000fffff, 2, 0, 17 }, Package () { 0x000fffff, 3, 0, 18 }
            })
        }

        Device (COM1)
        {
            Name (_HID, EisaId ("PNP0501"))
            Name (_UID, 1)
            Name (_CRS, ResourceTemplate ()
            {
                IO (Decode16, 0x3f8, 0x3f8, 1, 8)
                IRQNoFlags () {4}
            })
        }

        Device (RTC)
        {
            Name (_HID, EisaId ("PNP0B00"))
            Name (_CRS, ResourceTemplate ()
            {
                IO (Decode16, 0x70, 0x70, 1, 2)
                IRQNoFlags () {8}
            })
        }

        // vmm/pvpanic.h; the names are those of QEMU, docs/specs/pvpanic.rst
        Device (PEVT)
        {
            Name (_HID, "QEMU0001")
            Name (_CRS, ResourceTemplate ()
            {
                IO (Decode16, 0x505, 0x505, 1, 1)
            })
            OperationRegion (PORT, SystemIO, 0x505, 1)
            Field (PORT, ByteAcc, NoLock, Preserve)
            {
                EVNT, 8
            }
            Method (RDPT, 0, NotSerialized)
            {
                Return (EVNT)
            }
            Method (WRPT, 1, NotSerialized)
            {
                EVNT = Arg0
            }
        }

        // What nobody else may use: edge/level registers, power management, PCI's configuration
        // space in memory.
        Device (SYSR)
        {
            Name (_HID, EisaId ("PNP0C02"))
            Name (_CRS, ResourceTemplate ()
            {
                IO (Decode16, 0x4d0, 0x4d0, 1, 2)
                IO (Decode16, 0x600, 0x600, 1, 16)
                Memory32Fixed (ReadWrite, 0xfe000000, 0x100000)
            })
        }
    }
}
