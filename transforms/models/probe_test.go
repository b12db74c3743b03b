package models
import ("testing";"fmt";"time";"math")
func TestProbeFit(t *testing.T){
 for _,data:=range []struct{n,f string;id int}{{"cdnow_sample","CDNOW_sample.txt",1},{"cdnow_master","CDNOW_master.txt",0}}{
 cells,_:=cellsOf(cdnow(t,data.f,data.id))
 totals:=totalsOf(cells)
 f:=newParetoLikelihood(cells,totals.ageDays/float64(totals.customers),nil)
 fmt.Println(len(cells),len(f.corners))
 at:=vector{.4,.2,.8,2.4}
 here:=f.evaluate(at)
 for i:=range 4{ step:=1e-5*at[i]; up,down:=at,at; up[i]+=step;down[i]-=step; h,l:=f.evaluate(up),f.evaluate(down)
  fmt.Println(here.gradient[i],(h.value-l.value)/(2*step)); for j:=range 4{ fmt.Println("  ",here.hessian[i][j],(h.gradient[j]-l.gradient[j])/(2*step))}}
 for _,st:=range paretoStarts(totals){
  t0:=time.Now(); m:=maximise(f.evaluate,4,st,DefaultFitSettings()); d:=time.Since(t0)
  fmt.Println(m.iterations,m.gradient,m.value*float64(totals.customers),d, math.Exp(m.theta[0]))
 }
 t0:=time.Now(); fit:=FitPurchases(ParetoNBD,Data{Cells:cells},DefaultFitSettings()); fmt.Println(time.Since(t0)); ll,_:=fit.LogLikelihood.Get()
 fmt.Printf("%.10f %+v %s %s\n",ll,fit.Parameters,fit.Status,fit.Reason)
 }
}
