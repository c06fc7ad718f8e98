/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Model-specific registers: addresses under the manuals' names, and the bits of those with fields.
 *
 * Intel SDM vol. 4, 2.1 (architectural MSRs) and 2.3ff; AMD APM vol. 2, appendix A.
 * Plain constants, so that assembly can use them.
 */

#ifndef X86_MSR_H
#define X86_MSR_H

#include <x86/bits.h>

/* Machine check, time, platform. */
#define X86_MSR_P5_MC_ADDR              0x000
#define X86_MSR_P5_MC_TYPE              0x001
#define X86_MSR_MONITOR_FILTER_SIZE     0x006
#define X86_MSR_TIME_STAMP_COUNTER      0x010
#define X86_MSR_PLATFORM_ID             0x017
#define X86_MSR_APIC_BASE               0x01b
#define X86_MSR_FEATURE_CONTROL         0x03a
#define X86_MSR_TSC_ADJUST              0x03b
#define X86_MSR_SPEC_CTRL               0x048
#define X86_MSR_PRED_CMD                0x049
#define X86_MSR_PPIN_CTL                0x04e
#define X86_MSR_PPIN                    0x04f
#define X86_MSR_BIOS_UPDT_TRIG          0x079
#define X86_MSR_BIOS_SIGN_ID            0x08b
#define X86_MSR_SGXLEPUBKEYHASH0        0x08c
#define X86_MSR_SGXLEPUBKEYHASH1        0x08d
#define X86_MSR_SGXLEPUBKEYHASH2        0x08e
#define X86_MSR_SGXLEPUBKEYHASH3        0x08f
#define X86_MSR_SMM_MONITOR_CTL         0x09b
#define X86_MSR_SMBASE                  0x09e
#define X86_MSR_PMC0                    0x0c1
#define X86_MSR_PMC1                    0x0c2
#define X86_MSR_PMC2                    0x0c3
#define X86_MSR_PMC3                    0x0c4
#define X86_MSR_PMC4                    0x0c5
#define X86_MSR_PMC5                    0x0c6
#define X86_MSR_PMC6                    0x0c7
#define X86_MSR_PMC7                    0x0c8
#define X86_MSR_PLATFORM_INFO           0x0ce
#define X86_MSR_CORE_CAPABILITIES       0x0cf
#define X86_MSR_UMWAIT_CONTROL          0x0e1
#define X86_MSR_MPERF                   0x0e7
#define X86_MSR_APERF                   0x0e8
#define X86_MSR_MTRRCAP                 0x0fe
#define X86_MSR_ARCH_CAPABILITIES       0x10a
#define X86_MSR_FLUSH_CMD               0x10b
#define X86_MSR_TSX_FORCE_ABORT         0x10f
#define X86_MSR_TSX_CTRL                0x122
#define X86_MSR_MCU_OPT_CTRL            0x123
#define X86_MSR_SYSENTER_CS             0x174
#define X86_MSR_SYSENTER_ESP            0x175
#define X86_MSR_SYSENTER_EIP            0x176
#define X86_MSR_MCG_CAP                 0x179
#define X86_MSR_MCG_STATUS              0x17a
#define X86_MSR_MCG_CTL                 0x17b
#define X86_MSR_PERFEVTSEL0             0x186
#define X86_MSR_PERFEVTSEL1             0x187
#define X86_MSR_PERFEVTSEL2             0x188
#define X86_MSR_PERFEVTSEL3             0x189
#define X86_MSR_PERFEVTSEL4             0x18a
#define X86_MSR_PERFEVTSEL5             0x18b
#define X86_MSR_PERFEVTSEL6             0x18c
#define X86_MSR_PERFEVTSEL7             0x18d
#define X86_MSR_PERF_STATUS             0x198
#define X86_MSR_PERF_CTL                0x199
#define X86_MSR_CLOCK_MODULATION        0x19a
#define X86_MSR_THERM_INTERRUPT         0x19b
#define X86_MSR_THERM_STATUS            0x19c
#define X86_MSR_MISC_ENABLE             0x1a0
#define X86_MSR_ENERGY_PERF_BIAS        0x1b0
#define X86_MSR_PACKAGE_THERM_STATUS    0x1b1
#define X86_MSR_PACKAGE_THERM_INTERRUPT 0x1b2
#define X86_MSR_XFD                     0x1c4
#define X86_MSR_XFD_ERR                 0x1c5
#define X86_MSR_FRED_RSP0               0x1cc
#define X86_MSR_FRED_RSP1               0x1cd
#define X86_MSR_FRED_RSP2               0x1ce
#define X86_MSR_FRED_RSP3               0x1cf
#define X86_MSR_FRED_STKLVLS            0x1d0
#define X86_MSR_FRED_SSP1               0x1d1
#define X86_MSR_FRED_SSP2               0x1d2
#define X86_MSR_FRED_SSP3               0x1d3
#define X86_MSR_FRED_CONFIG             0x1d4
#define X86_MSR_DEBUGCTL                0x1d9
#define X86_MSR_LASTBRANCHFROMIP        0x1db
#define X86_MSR_LASTBRANCHTOIP          0x1dc
#define X86_MSR_LASTINTFROMIP           0x1dd
#define X86_MSR_LASTINTTOIP             0x1de
#define X86_MSR_SMRR_PHYSBASE           0x1f2
#define X86_MSR_SMRR_PHYSMASK           0x1f3
#define X86_MSR_PLATFORM_DCA_CAP        0x1f8
#define X86_MSR_CPU_DCA_CAP             0x1f9
#define X86_MSR_DCA_0_CAP               0x1fa

/* Memory type ranges: SDM vol. 3, 11.11 (12.11 in newer editions). */
#define X86_MSR_MTRR_PHYSBASE0    0x200
#define X86_MSR_MTRR_PHYSMASK0    0x201
#define X86_MSR_MTRR_PHYSBASE1    0x202
#define X86_MSR_MTRR_PHYSMASK1    0x203
#define X86_MSR_MTRR_PHYSBASE2    0x204
#define X86_MSR_MTRR_PHYSMASK2    0x205
#define X86_MSR_MTRR_PHYSBASE3    0x206
#define X86_MSR_MTRR_PHYSMASK3    0x207
#define X86_MSR_MTRR_PHYSBASE4    0x208
#define X86_MSR_MTRR_PHYSMASK4    0x209
#define X86_MSR_MTRR_PHYSBASE5    0x20a
#define X86_MSR_MTRR_PHYSMASK5    0x20b
#define X86_MSR_MTRR_PHYSBASE6    0x20c
#define X86_MSR_MTRR_PHYSMASK6    0x20d
#define X86_MSR_MTRR_PHYSBASE7    0x20e
#define X86_MSR_MTRR_PHYSMASK7    0x20f
#define X86_MSR_MTRR_PHYSBASE8    0x210
#define X86_MSR_MTRR_PHYSMASK8    0x211
#define X86_MSR_MTRR_PHYSBASE9    0x212
#define X86_MSR_MTRR_PHYSMASK9    0x213
#define X86_MSR_MTRR_FIX64K_00000 0x250
#define X86_MSR_MTRR_FIX16K_80000 0x258
#define X86_MSR_MTRR_FIX16K_A0000 0x259
#define X86_MSR_MTRR_FIX4K_C0000  0x268
#define X86_MSR_MTRR_FIX4K_C8000  0x269
#define X86_MSR_MTRR_FIX4K_D0000  0x26a
#define X86_MSR_MTRR_FIX4K_D8000  0x26b
#define X86_MSR_MTRR_FIX4K_E0000  0x26c
#define X86_MSR_MTRR_FIX4K_E8000  0x26d
#define X86_MSR_MTRR_FIX4K_F0000  0x26e
#define X86_MSR_MTRR_FIX4K_F8000  0x26f
#define X86_MSR_PAT               0x277
#define X86_MSR_MTRR_DEF_TYPE     0x2ff

/* Performance monitoring: SDM vol. 3, 18.2 (20.2 in newer editions). */
#define X86_MSR_FIXED_CTR0               0x309
#define X86_MSR_FIXED_CTR1               0x30a
#define X86_MSR_FIXED_CTR2               0x30b
#define X86_MSR_FIXED_CTR3               0x30c
#define X86_MSR_PERF_METRICS             0x329
#define X86_MSR_PERF_CAPABILITIES        0x345
#define X86_MSR_FIXED_CTR_CTRL           0x38d
#define X86_MSR_PERF_GLOBAL_STATUS       0x38e
#define X86_MSR_PERF_GLOBAL_CTRL         0x38f
#define X86_MSR_PERF_GLOBAL_STATUS_RESET 0x390
#define X86_MSR_PERF_GLOBAL_STATUS_SET   0x391
#define X86_MSR_PERF_GLOBAL_INUSE        0x392
#define X86_MSR_PEBS_ENABLE              0x3f1
#define X86_MSR_PEBS_DATA_CFG            0x3f2

/* Machine-check bank 0; bank n is 4 * n above. */
#define X86_MSR_MC0_CTL    0x400
#define X86_MSR_MC0_STATUS 0x401
#define X86_MSR_MC0_ADDR   0x402
#define X86_MSR_MC0_MISC   0x403

/* VMX capabilities: SDM vol. 3, appendix A. */
#define X86_MSR_VMX_BASIC               0x480
#define X86_MSR_VMX_PINBASED_CTLS       0x481
#define X86_MSR_VMX_PROCBASED_CTLS      0x482
#define X86_MSR_VMX_EXIT_CTLS           0x483
#define X86_MSR_VMX_ENTRY_CTLS          0x484
#define X86_MSR_VMX_MISC                0x485
#define X86_MSR_VMX_CR0_FIXED0          0x486
#define X86_MSR_VMX_CR0_FIXED1          0x487
#define X86_MSR_VMX_CR4_FIXED0          0x488
#define X86_MSR_VMX_CR4_FIXED1          0x489
#define X86_MSR_VMX_VMCS_ENUM           0x48a
#define X86_MSR_VMX_PROCBASED_CTLS2     0x48b
#define X86_MSR_VMX_EPT_VPID_CAP        0x48c
#define X86_MSR_VMX_TRUE_PINBASED_CTLS  0x48d
#define X86_MSR_VMX_TRUE_PROCBASED_CTLS 0x48e
#define X86_MSR_VMX_TRUE_EXIT_CTLS      0x48f
#define X86_MSR_VMX_TRUE_ENTRY_CTLS     0x490
#define X86_MSR_VMX_VMFUNC              0x491
#define X86_MSR_VMX_PROCBASED_CTLS3     0x492
#define X86_MSR_VMX_EXIT_CTLS2          0x493
#define X86_MSR_VMX_FIRST               X86_MSR_VMX_BASIC
#define X86_MSR_VMX_LAST                X86_MSR_VMX_EXIT_CTLS2

/* Full-width aliases of the performance counters. */
#define X86_MSR_A_PMC0 0x4c1
#define X86_MSR_A_PMC1 0x4c2
#define X86_MSR_A_PMC2 0x4c3
#define X86_MSR_A_PMC3 0x4c4
#define X86_MSR_A_PMC4 0x4c5
#define X86_MSR_A_PMC5 0x4c6
#define X86_MSR_A_PMC6 0x4c7
#define X86_MSR_A_PMC7 0x4c8

/* Processor trace, debug store, control-flow enforcement, keys. */
#define X86_MSR_MCG_EXT_CTL              0x4d0
#define X86_MSR_SGX_SVN_STATUS           0x500
#define X86_MSR_RTIT_OUTPUT_BASE         0x560
#define X86_MSR_RTIT_OUTPUT_MASK_PTRS    0x561
#define X86_MSR_RTIT_CTL                 0x570
#define X86_MSR_RTIT_STATUS              0x571
#define X86_MSR_RTIT_CR3_MATCH           0x572
#define X86_MSR_RTIT_ADDR0_A             0x580
#define X86_MSR_RTIT_ADDR0_B             0x581
#define X86_MSR_RTIT_ADDR1_A             0x582
#define X86_MSR_RTIT_ADDR1_B             0x583
#define X86_MSR_RTIT_ADDR2_A             0x584
#define X86_MSR_RTIT_ADDR2_B             0x585
#define X86_MSR_RTIT_ADDR3_A             0x586
#define X86_MSR_RTIT_ADDR3_B             0x587
#define X86_MSR_DS_AREA                  0x600
#define X86_MSR_U_CET                    0x6a0
#define X86_MSR_S_CET                    0x6a2
#define X86_MSR_PL0_SSP                  0x6a4
#define X86_MSR_PL1_SSP                  0x6a5
#define X86_MSR_PL2_SSP                  0x6a6
#define X86_MSR_PL3_SSP                  0x6a7
#define X86_MSR_INTERRUPT_SSP_TABLE_ADDR 0x6a8
#define X86_MSR_TSC_DEADLINE             0x6e0
#define X86_MSR_PKRS                     0x6e1
#define X86_MSR_PM_ENABLE                0x770
#define X86_MSR_HWP_CAPABILITIES         0x771
#define X86_MSR_HWP_REQUEST_PKG          0x772
#define X86_MSR_HWP_INTERRUPT            0x773
#define X86_MSR_HWP_REQUEST              0x774
#define X86_MSR_HWP_STATUS               0x777

/* x2APIC registers: SDM vol. 3, 10.12.1.2. The xAPIC offset shifted right by 4, plus 0x800. */
#define X86_MSR_X2APIC_FIRST       0x800
#define X86_MSR_X2APIC_LAST        0x8ff
#define X86_MSR_X2APIC_APICID      0x802
#define X86_MSR_X2APIC_VERSION     0x803
#define X86_MSR_X2APIC_TPR         0x808
#define X86_MSR_X2APIC_PPR         0x80a
#define X86_MSR_X2APIC_EOI         0x80b
#define X86_MSR_X2APIC_LDR         0x80d
#define X86_MSR_X2APIC_SIVR        0x80f
#define X86_MSR_X2APIC_ISR0        0x810
#define X86_MSR_X2APIC_ISR7        0x817
#define X86_MSR_X2APIC_TMR0        0x818
#define X86_MSR_X2APIC_TMR7        0x81f
#define X86_MSR_X2APIC_IRR0        0x820
#define X86_MSR_X2APIC_IRR7        0x827
#define X86_MSR_X2APIC_ESR         0x828
#define X86_MSR_X2APIC_LVT_CMCI    0x82f
#define X86_MSR_X2APIC_ICR         0x830
#define X86_MSR_X2APIC_LVT_TIMER   0x832
#define X86_MSR_X2APIC_LVT_THERMAL 0x833
#define X86_MSR_X2APIC_LVT_PMI     0x834
#define X86_MSR_X2APIC_LVT_LINT0   0x835
#define X86_MSR_X2APIC_LVT_LINT1   0x836
#define X86_MSR_X2APIC_LVT_ERROR   0x837
#define X86_MSR_X2APIC_INIT_COUNT  0x838
#define X86_MSR_X2APIC_CUR_COUNT   0x839
#define X86_MSR_X2APIC_DIV_CONF    0x83e
#define X86_MSR_X2APIC_SELF_IPI    0x83f

/* More architectural ones. */
#define X86_MSR_TME_CAPABILITY    0x981
#define X86_MSR_TME_ACTIVATE      0x982
#define X86_MSR_UINTR_RR          0x985
#define X86_MSR_UINTR_HANDLER     0x986
#define X86_MSR_UINTR_STACKADJUST 0x987
#define X86_MSR_UINTR_MISC        0x988
#define X86_MSR_UINTR_PD          0x989
#define X86_MSR_UINTR_TT          0x98a
#define X86_MSR_DEBUG_INTERFACE   0xc80
#define X86_MSR_L3_QOS_CFG        0xc81
#define X86_MSR_QM_EVTSEL         0xc8d
#define X86_MSR_QM_CTR            0xc8e
#define X86_MSR_PQR_ASSOC         0xc8f
#define X86_MSR_BNDCFGS           0xd90
#define X86_MSR_XSS               0xda0
#define X86_MSR_LBR_CTL           0x14ce
#define X86_MSR_LBR_DEPTH         0x14cf

/* System calls and long mode: SDM vol. 4, 2.1; APM vol. 2, 3.1.7 and 6.1. */
#define X86_MSR_EFER           0xc0000080
#define X86_MSR_STAR           0xc0000081
#define X86_MSR_LSTAR          0xc0000082
#define X86_MSR_CSTAR          0xc0000083
#define X86_MSR_FMASK          0xc0000084
#define X86_MSR_FS_BASE        0xc0000100
#define X86_MSR_GS_BASE        0xc0000101
#define X86_MSR_KERNEL_GS_BASE 0xc0000102
#define X86_MSR_TSC_AUX        0xc0000103

/* AMD: APM vol. 2, appendix A; SVM ones in 15.30. */
#define X86_MSR_AMD_TSC_RATIO      0xc0000104
#define X86_MSR_AMD_PERFEVTSEL0    0xc0010000
#define X86_MSR_AMD_PERFEVTSEL1    0xc0010001
#define X86_MSR_AMD_PERFEVTSEL2    0xc0010002
#define X86_MSR_AMD_PERFEVTSEL3    0xc0010003
#define X86_MSR_AMD_PERFCTR0       0xc0010004
#define X86_MSR_AMD_PERFCTR1       0xc0010005
#define X86_MSR_AMD_PERFCTR2       0xc0010006
#define X86_MSR_AMD_PERFCTR3       0xc0010007
#define X86_MSR_AMD_SYSCFG         0xc0010010
#define X86_MSR_AMD_HWCR           0xc0010015
#define X86_MSR_AMD_IORR_BASE0     0xc0010016
#define X86_MSR_AMD_IORR_MASK0     0xc0010017
#define X86_MSR_AMD_IORR_BASE1     0xc0010018
#define X86_MSR_AMD_IORR_MASK1     0xc0010019
#define X86_MSR_AMD_TOP_MEM        0xc001001a
#define X86_MSR_AMD_TOP_MEM2       0xc001001d
#define X86_MSR_AMD_NB_CFG         0xc001001f
#define X86_MSR_AMD_PATCH_LOADER   0xc0010020
#define X86_MSR_AMD_INTPEND        0xc0010055
#define X86_MSR_AMD_PSTATE_LIMIT   0xc0010061
#define X86_MSR_AMD_PSTATE_CONTROL 0xc0010062
#define X86_MSR_AMD_PSTATE_STATUS  0xc0010063
#define X86_MSR_AMD_SMBASE         0xc0010111
#define X86_MSR_AMD_SMM_ADDR       0xc0010112
#define X86_MSR_AMD_SMM_MASK       0xc0010113
#define X86_MSR_AMD_VM_CR          0xc0010114
#define X86_MSR_AMD_IGNNE          0xc0010115
#define X86_MSR_AMD_SMM_CTL        0xc0010116
#define X86_MSR_AMD_VM_HSAVE_PA    0xc0010117
#define X86_MSR_AMD_SVM_KEY        0xc0010118
#define X86_MSR_AMD_SMM_KEY        0xc0010119
#define X86_MSR_AMD_DOORBELL       0xc001011b
#define X86_MSR_AMD_VIRT_SPEC_CTRL 0xc001011f
#define X86_MSR_AMD_GHCB           0xc0010130
#define X86_MSR_AMD_SEV_STATUS     0xc0010131
#define X86_MSR_AMD_OSVW_ID_LENGTH 0xc0010140
#define X86_MSR_AMD_OSVW_STATUS    0xc0010141
#define X86_MSR_AMD_DR1_ADDR_MASK  0xc0011019
#define X86_MSR_AMD_DR2_ADDR_MASK  0xc001101a
#define X86_MSR_AMD_DR3_ADDR_MASK  0xc001101b
#define X86_MSR_AMD_LS_CFG         0xc0011020
#define X86_MSR_AMD_IC_CFG         0xc0011021
#define X86_MSR_AMD_DR0_ADDR_MASK  0xc0011027
#define X86_MSR_AMD_DE_CFG         0xc0011029

/* IA32_APIC_BASE: SDM vol. 3, 10.4.4 and 10.12.1. */
#define X86_APIC_BASE_BSP     X86_BIT(8)
#define X86_APIC_BASE_EXTD    X86_BIT(10)
#define X86_APIC_BASE_ENABLE  X86_BIT(11)
#define X86_APIC_BASE_DEFAULT 0xfee00000

/* IA32_FEATURE_CONTROL: SDM vol. 3, 23.7, and vol. 4, 2.1. */
#define X86_FEATURE_CONTROL_LOCK            X86_BIT(0)
#define X86_FEATURE_CONTROL_VMX_IN_SMX      X86_BIT(1)
#define X86_FEATURE_CONTROL_VMX_OUTSIDE_SMX X86_BIT(2)
#define X86_FEATURE_CONTROL_SGX_LAUNCH      X86_BIT(17)
#define X86_FEATURE_CONTROL_SGX             X86_BIT(18)
#define X86_FEATURE_CONTROL_LMCE            X86_BIT(20)

/* IA32_SPEC_CTRL, IA32_PRED_CMD, IA32_FLUSH_CMD: SDM vol. 4, 2.1. */
#define X86_SPEC_CTRL_IBRS  X86_BIT(0)
#define X86_SPEC_CTRL_STIBP X86_BIT(1)
#define X86_SPEC_CTRL_SSBD  X86_BIT(2)
#define X86_PRED_CMD_IBPB   X86_BIT(0)
#define X86_FLUSH_CMD_L1D   X86_BIT(0)

/* IA32_ARCH_CAPABILITIES: SDM vol. 4, 2.1. */
#define X86_ARCH_CAPABILITIES_RDCL_NO            X86_BIT(0)
#define X86_ARCH_CAPABILITIES_IBRS_ALL           X86_BIT(1)
#define X86_ARCH_CAPABILITIES_RSBA               X86_BIT(2)
#define X86_ARCH_CAPABILITIES_SKIP_L1DFL_VMENTRY X86_BIT(3)
#define X86_ARCH_CAPABILITIES_SSB_NO             X86_BIT(4)
#define X86_ARCH_CAPABILITIES_MDS_NO             X86_BIT(5)
#define X86_ARCH_CAPABILITIES_IF_PSCHANGE_MC_NO  X86_BIT(6)
#define X86_ARCH_CAPABILITIES_TSX_CTRL           X86_BIT(7)
#define X86_ARCH_CAPABILITIES_TAA_NO             X86_BIT(8)

/* IA32_MISC_ENABLE: SDM vol. 4, 2.1. */
#define X86_MISC_ENABLE_FAST_STRINGS       X86_BIT(0)
#define X86_MISC_ENABLE_THERMAL_CONTROL    X86_BIT(3)
#define X86_MISC_ENABLE_PERF_MON_AVAILABLE X86_BIT(7)
#define X86_MISC_ENABLE_BTS_UNAVAILABLE    X86_BIT(11)
#define X86_MISC_ENABLE_PEBS_UNAVAILABLE   X86_BIT(12)
#define X86_MISC_ENABLE_SPEEDSTEP          X86_BIT(16)
#define X86_MISC_ENABLE_MONITOR_FSM        X86_BIT(18)
#define X86_MISC_ENABLE_LIMIT_CPUID_MAXVAL X86_BIT(22)
#define X86_MISC_ENABLE_XTPR_DISABLE       X86_BIT(23)
#define X86_MISC_ENABLE_XD_DISABLE         X86_BIT(34)

/* IA32_DEBUGCTL: SDM vol. 3, 17.4.1. */
#define X86_DEBUGCTL_LBR                   X86_BIT(0)
#define X86_DEBUGCTL_BTF                   X86_BIT(1)
#define X86_DEBUGCTL_TR                    X86_BIT(6)
#define X86_DEBUGCTL_BTS                   X86_BIT(7)
#define X86_DEBUGCTL_BTINT                 X86_BIT(8)
#define X86_DEBUGCTL_FREEZE_LBRS_ON_PMI    X86_BIT(11)
#define X86_DEBUGCTL_FREEZE_PERFMON_ON_PMI X86_BIT(12)
#define X86_DEBUGCTL_FREEZE_WHILE_SMM      X86_BIT(14)
#define X86_DEBUGCTL_RTM                   X86_BIT(15)

/* IA32_MTRRCAP and IA32_MTRR_DEF_TYPE: SDM vol. 3, 11.11.1 and 11.11.2.1. */
#define X86_MTRRCAP_VCNT_MASK       0xff
#define X86_MTRRCAP_FIX             X86_BIT(8)
#define X86_MTRRCAP_WC              X86_BIT(10)
#define X86_MTRRCAP_SMRR            X86_BIT(11)
#define X86_MTRR_DEF_TYPE_TYPE_MASK 0xff
#define X86_MTRR_DEF_TYPE_FE        X86_BIT(10)
#define X86_MTRR_DEF_TYPE_E         X86_BIT(11)
#define X86_MTRR_PHYSMASK_VALID     X86_BIT(11)

/* IA32_EFER: SDM vol. 3, 2.2.1; APM vol. 2, 3.1.7. */
#define X86_EFER_SCE     X86_BIT(0)
#define X86_EFER_LME     X86_BIT(8)
#define X86_EFER_LMA     X86_BIT(10)
#define X86_EFER_NXE     X86_BIT(11)
#define X86_EFER_SVME    X86_BIT(12)
#define X86_EFER_LMSLE   X86_BIT(13)
#define X86_EFER_FFXSR   X86_BIT(14)
#define X86_EFER_TCE     X86_BIT(15)
#define X86_EFER_MCOMMIT X86_BIT(17)
#define X86_EFER_INTWB   X86_BIT(18)
#define X86_EFER_UAIE    X86_BIT(20)
#define X86_EFER_AIBRSE  X86_BIT(21)

/* IA32_STAR: SDM vol. 3, 5.8.8. Selector bases for SYSCALL and SYSRET. */
#define X86_STAR_SYSCALL_CS_SHIFT 32
#define X86_STAR_SYSRET_CS_SHIFT  48

/* VM_CR: APM vol. 2, 15.30.1. */
#define X86_VM_CR_DPD      X86_BIT(0)
#define X86_VM_CR_R_INIT   X86_BIT(1)
#define X86_VM_CR_DIS_A20M X86_BIT(2)
#define X86_VM_CR_LOCK     X86_BIT(3)
#define X86_VM_CR_SVMDIS   X86_BIT(4)

#ifndef __ASSEMBLER__

#include <stddef.h>

/* The manual's name of an MSR, as "IA32_EFER" or "VM_CR"; NULL for one that this list lacks. */
const char *x86_msr_name(uint32_t msr);

#endif /* __ASSEMBLER__ */

#endif
