package sinks

import "encoding/binary"

// A frame of ZSTD as RFC 8878, section 3.1.1, has it: the magic number, a
// descriptor, the length of the content, and blocks.
const (
	frameMagic = 0xfd2fb528
	// frameOfLength is the descriptor of a frame that is one segment, whose
	// length follows in four bytes, and that has no checksum.
	frameOfLength = 0b10_1_0_0_0_00
	// mostOfBlock is the most that a block may hold.
	mostOfBlock = 128 << 10
)

// appendStored appends a ZSTD frame that holds content as it is, in blocks that
// are not compressed: what an encoder comes to after it has tried in vain.
func appendStored(to, content []byte) []byte {
	to = binary.LittleEndian.AppendUint32(to, frameMagic)
	to = append(to, frameOfLength)
	to = binary.LittleEndian.AppendUint32(to, uint32(len(content)))
	for {
		n := min(len(content), mostOfBlock)
		head := uint32(n) << 3 // a raw block
		if n == len(content) {
			head |= 1 // the last
		}
		to = append(to, byte(head), byte(head>>8), byte(head>>16))
		to = append(to, content[:n]...)
		if content = content[n:]; len(content) == 0 {
			return to
		}
	}
}
