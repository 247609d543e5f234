import Teachers
import Testing
