package sources
import ("testing";"fmt";"time";"bytes";"math/rand/v2";"github.com/parquet-go/parquet-go")
func TestSlow(t *testing.T){
 whole := threeGroups(t, parquet.DataPageVersion(2))
 r := rand.New(rand.NewPCG(1,2))
 for i := 0; i < 6000; i++ {
  c := bytes.Clone(whole)
  a, b := r.IntN(len(c)), r.IntN(len(c))
  c[a] ^= byte(r.Uint32()); c[b] ^= byte(r.Uint32())
  st := time.Now()
  _, err := read(parquetOf(t, c), 0)
  if d := time.Since(st); d > 100*time.Millisecond { fmt.Println(d, err) }
 }
}
