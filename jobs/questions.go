package jobs

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
)

// question marks, in a comment of a job file, what only a person can decide.
var question = regexp.MustCompile(`#.*\bQUESTION:`)

// questionsOf returns the lines, from 1, that have an open question.
func questionsOf(content []byte) []int {
	var lines []int
	for i, line := range bytes.Split(content, []byte("\n")) {
		if question.Match(line) {
			lines = append(lines, i+1)
		}
	}
	return lines
}

// OpenQuestions says how many questions a job file leaves open, and where;
// empty if there are none.
func (j *Job) OpenQuestions() string {
	if len(j.Questions) == 0 {
		return ""
	}
	numbers := strings.Trim(strings.ReplaceAll(fmt.Sprint(j.Questions), " ", ", "), "[]")
	return fmt.Sprintf("%s open, in lines %s of the job file: answer them and remove the word QUESTION", plural(int64(len(j.Questions)), "question"), numbers)
}
