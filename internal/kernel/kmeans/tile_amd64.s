//go:build amd64 && !purego

#include "textflag.h"

// Eight points stand in a tile, value by value: value j of point l at 64·j + 8·l.
// PAIR leaves in Y0, Y1 the squared distances of points 0–3 and 4–7 to the centre at SI and in
// Y2, Y3 those to the centre at R8. DI: tile; CX: values of a point. It destroys Y4–Y7, Y14,
// Y15, AX and BX. Products and sums are rounded one by one, as in the Go twin.
#define PAIR \
	VXORPD Y0, Y0, Y0 \
	VXORPD Y1, Y1, Y1 \
	VXORPD Y2, Y2, Y2 \
	VXORPD Y3, Y3, Y3 \
	MOVQ DI, AX \
	XORQ BX, BX \
next: \
	VMOVUPD (AX), Y4 \
	VMOVUPD 32(AX), Y5 \
	VBROADCASTSD (SI)(BX*8), Y6 \
	VBROADCASTSD (R8)(BX*8), Y7 \
	VSUBPD Y6, Y4, Y14 \
	VSUBPD Y6, Y5, Y15 \
	VSUBPD Y7, Y4, Y4 \
	VSUBPD Y7, Y5, Y5 \
	VMULPD Y14, Y14, Y14 \
	VMULPD Y15, Y15, Y15 \
	VMULPD Y4, Y4, Y4 \
	VMULPD Y5, Y5, Y5 \
	VADDPD Y14, Y0, Y0 \
	VADDPD Y15, Y1, Y1 \
	VADDPD Y4, Y2, Y2 \
	VADDPD Y5, Y3, Y3 \
	ADDQ $64, AX \
	INCQ BX \
	CMPQ BX, CX \
	JLT next

// KEEP takes the squared distances A (points 0–3) and B (4–7) to the centre R9 into the nearest
// and second nearest: second = min(second, max(first, s)), first = min(first, s).
#define KEEP(A, B) \
	MOVQ R9, X4 \
	VPBROADCASTQ X4, Y4 \
	VCMPPD $17, Y8, A, Y5 \
	VCMPPD $17, Y9, B, Y6 \
	VMAXPD A, Y8, Y7 \
	VMAXPD B, Y9, Y14 \
	VMINPD Y7, Y10, Y10 \
	VMINPD Y14, Y11, Y11 \
	VMINPD A, Y8, Y8 \
	VMINPD B, Y9, Y9 \
	VBLENDVPD Y5, Y4, Y12, Y12 \
	VBLENDVPD Y6, Y4, Y13, Y13 \
	INCQ R9

// func nearestAVX2(tile *float64, d int, centers *float64, pairs int, to *neighbours)
TEXT ·nearestAVX2(SB), NOSPLIT, $0-40
	MOVQ tile+0(FP), DI
	MOVQ d+8(FP), CX
	MOVQ centers+16(FP), SI
	MOVQ pairs+24(FP), DX
	MOVQ to+32(FP), R10
	XORQ R9, R9
	MOVQ $0x7ff0000000000000, AX
	MOVQ AX, X8
	VBROADCASTSD X8, Y8
	VMOVAPD Y8, Y9
	VMOVAPD Y8, Y10
	VMOVAPD Y8, Y11
	VXORPD Y12, Y12, Y12
	VXORPD Y13, Y13, Y13

pair:
	LEAQ (SI)(CX*8), R8
	PAIR
	KEEP(Y0, Y1)
	KEEP(Y2, Y3)
	LEAQ (R8)(CX*8), SI
	DECQ DX
	JNZ pair

	VSQRTPD Y8, Y8
	VSQRTPD Y9, Y9
	VSQRTPD Y10, Y10
	VSQRTPD Y11, Y11
	VMOVUPD Y8, (R10)
	VMOVUPD Y9, 32(R10)
	VMOVUPD Y10, 64(R10)
	VMOVUPD Y11, 96(R10)
	VMOVUPD Y12, 128(R10)
	VMOVUPD Y13, 160(R10)
	VZEROUPPER
	RET

// func squaresAVX2(tile *float64, d int, centers *float64, pairs int, to *float64)
TEXT ·squaresAVX2(SB), NOSPLIT, $0-40
	MOVQ tile+0(FP), DI
	MOVQ d+8(FP), CX
	MOVQ centers+16(FP), SI
	MOVQ pairs+24(FP), DX
	MOVQ to+32(FP), R10

pair:
	LEAQ (SI)(CX*8), R8
	PAIR
	VMOVUPD Y0, (R10)
	VMOVUPD Y1, 32(R10)
	VMOVUPD Y2, 64(R10)
	VMOVUPD Y3, 96(R10)
	ADDQ $128, R10
	LEAQ (R8)(CX*8), SI
	DECQ DX
	JNZ pair
	VZEROUPPER
	RET

// func hasAVX2() bool
// CPUID leaf 1: OSXSAVE and AVX; XGETBV: the system saves the wide registers; leaf 7: AVX2 (Intel SDM
// vol. 1, 14.3 and 14.7.1).
TEXT ·hasAVX2(SB), NOSPLIT, $0-1
	MOVB $0, ret+0(FP)
	XORL AX, AX
	XORL CX, CX
	CPUID
	CMPL AX, $7
	JLT none
	MOVL $1, AX
	XORL CX, CX
	CPUID
	ANDL $0x18000000, CX
	CMPL CX, $0x18000000
	JNE none
	XORL CX, CX
	XGETBV
	ANDL $6, AX
	CMPL AX, $6
	JNE none
	MOVL $7, AX
	XORL CX, CX
	CPUID
	SHRL $5, BX
	ANDL $1, BX
	MOVB BX, ret+0(FP)

none:
	RET
