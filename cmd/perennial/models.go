package main

import (
	"errors"
	"os"

	"github.com/perennial-clv/perennial/jobs"
	"github.com/perennial-clv/perennial/pipeline"
)

// addModelFiles gives a run the model files that the command line names.
func addModelFiles(run *jobs.Run, f *flags) error {
	for _, file := range []struct {
		path  string
		into  **jobs.EarlierModels
		suits func(*jobs.EarlierModels, *jobs.Job) error
	}{
		{f.models, &run.Models, (*jobs.EarlierModels).Predicts},
		{f.startFrom, &run.StartFrom, (*jobs.EarlierModels).Suits},
	} {
		if file.path == "" {
			continue
		}
		earlier, err := loadModels(file.path)
		if err != nil {
			return err
		}
		if err := file.suits(earlier, run.Job); err != nil {
			return err
		}
		*file.into = earlier
	}
	if f.saveModels == "" {
		return nil
	}
	if info, err := os.Stat(f.saveModels); err == nil && info.IsDir() {
		return pipeline.Errorf(pipeline.ClassUsage, f.saveModels, "name a file in it", "the models cannot be saved in place of a folder")
	}
	run.OnModels = func(content []byte) error { return saveModels(f.saveModels, content) }
	return run.Job.CheckSavesModels()
}

// loadModels reads a model file.
func loadModels(path string) (*jobs.EarlierModels, error) {
	content, err := readFile(path, "model file", "give the path of a file that run --save-models has written")
	if err != nil {
		return nil, err
	}
	return jobs.ReadModels(path, content)
}

// saveModels writes a model file, whole or not at all. The tables are published
// by then.
func saveModels(path string, content []byte) error {
	if err := writeFile(path, content); err != nil {
		failure := cannotWrite(path, err)
		var e *pipeline.Error
		if errors.As(failure, &e) {
			e.Hint += "; the tables are published, run it again for the model file"
		}
		return failure
	}
	return nil
}
